"""Sealing: hash the committed facts of orders into the chain of each order.

It runs a moment after the commit, so that no order waits for it. A fact that ends an order or a return also schedules
the archiving of its workflow's history.
"""

from collections.abc import Sequence
from typing import Any

import structlog
from sqlalchemy import Row, insert, text
from sqlalchemy.orm import Session

from domain.status import ORDER, RETURN, OrderStatus, ReturnStatus, is_final
from domain.trace import FIRST, Fact, link
from models.base import table
from models.database import Sessions
from models.locks import Lock, try_lock
from models.prepared import prepared
from models.trace import EventSealRow
from record.horizon import LogHorizon
from record.set_aside import error_name, is_rows_own, isolate_failing_row, mark_worked, set_aside

log = structlog.get_logger()

AT_ONCE = 5_000
"""Facts sealed in one transaction."""
FACT = "fact"
"""The kind under which a fact that cannot be sealed is set aside (record/set_aside.py)."""

_NEXT = """
    FROM order_events WHERE event_id > (SELECT coalesce(max(event_id), 0) FROM sealing) AND event_id <= :up_to
    ORDER BY event_id LIMIT :at_once
"""
_FACT = "SELECT event_id, order_id, at, type, key, actor, data"
UNSEALED = prepared(f"{_FACT} {_NEXT}")
FIRST_UNSEALED = prepared(f"SELECT event_id {_NEXT}")
# A retried fact is sealed behind its order's later ones.
TRIED_AGAIN = text(f"""
    {_FACT} FROM order_events WHERE event_id = ANY(ARRAY(
        SELECT CAST(subject AS bigint) FROM set_asides WHERE kind = 'fact' AND aside_at IS NULL
        ORDER BY last_at LIMIT :at_once))
    ORDER BY event_id
""")
THIS = text(f"{_FACT} FROM order_events WHERE event_id = :event_id")
FIRST_AGAIN = prepared(
    "SELECT subject FROM set_asides WHERE kind = 'fact' AND aside_at IS NULL ORDER BY last_at LIMIT 1"
)
HEADS = prepared("""
    SELECT DISTINCT ON (order_id) order_id, position, hash FROM event_seals WHERE order_id = ANY(:orders)
    ORDER BY order_id, position DESC
""")
SEALED = text("""
    INSERT INTO sealing (event_id) VALUES (:event_id) ON CONFLICT (one) DO UPDATE SET event_id = excluded.event_id
""")
HISTORY_DUE = text("""
    INSERT INTO histories_due (subject, look_after)
    SELECT subject, now() + interval '10 minutes' FROM unnest(CAST(:subjects AS text[])) AS subject
    ON CONFLICT DO NOTHING
""")
ENDS = {f"order.{status}" for status in OrderStatus if is_final(ORDER, status)} | {
    f"return.{status}" for status in ReturnStatus if is_final(RETURN, status)
}


class Sealing:
    """Runs in every worker, but one seals at a time."""

    def __init__(self, sessions: Sessions, at_once: int = AT_ONCE) -> None:
        self._sessions = sessions
        self._at_once = at_once
        self._horizon = LogHorizon()
        self._has_retries = False

    def run(self) -> int:
        """Seal committed facts, oldest first, in one transaction. Return how many.

        One that cannot be sealed is set aside, and the ones behind it go on.
        """
        sealed = isolate_failing_row(self._at_once, self._seal, self._seal_one)
        if self._has_retries:
            isolate_failing_row(self._at_once, self._retry, self._retry_one)
        return sealed

    def _seal(self, at_once: int) -> int:
        with self._sessions.begin() as session:
            up_to = self._horizon.look(session)
            if not try_lock(session, Lock.SEALING):
                return 0
            self._has_retries = session.scalar(FIRST_AGAIN) is not None
            rows = session.execute(UNSEALED, {"at_once": at_once, "up_to": up_to}).all()
            if rows:
                _write_seals(session, rows)
                session.execute(SEALED, {"event_id": rows[-1].event_id})
            return len(rows)

    def _seal_one(self, _: Exception) -> int:
        with self._sessions.begin() as session:
            first = {"at_once": 1, "up_to": self._horizon.look(session)}
            if not try_lock(session, Lock.SEALING) or (event_id := session.scalar(FIRST_UNSEALED, first)) is None:
                return 0
            _seal_or_set_aside(session, event_id)
            session.execute(SEALED, {"event_id": event_id})
            return 1

    def _retry(self, at_once: int) -> int:
        with self._sessions.begin() as session:
            if not try_lock(session, Lock.SEALING):
                return 0
            rows = session.execute(TRIED_AGAIN, {"at_once": at_once}).all()
            if rows:
                _write_seals(session, rows)
            mark_worked(session, FACT, [str(row.event_id) for row in rows])
            return len(rows)

    def _retry_one(self, _: Exception) -> int:
        with self._sessions.begin() as session:
            if try_lock(session, Lock.SEALING) and (event_id := session.scalar(FIRST_AGAIN)):
                _seal_or_set_aside(session, int(event_id))
            return 0


def _seal_or_set_aside(session: Session, event_id: int) -> None:
    """Seal one fact alone, and set it aside if it fails again."""
    try:
        with session.begin_nested():
            _write_seals(session, session.execute(THIS, {"event_id": event_id}).all())
            mark_worked(session, FACT, [str(event_id)])
    except Exception as trouble:
        if not is_rows_own(trouble):
            raise
        log.error("set_aside", kind=FACT, subjects=[str(event_id)], reason=error_name(trouble))
        set_aside(session, FACT, [str(event_id)], error_name(trouble))


def _write_seals(session: Session, rows: Sequence[Row[Any]]) -> None:
    known = session.execute(HEADS, {"orders": sorted({row.order_id for row in rows})})
    heads = {head.order_id: (head.position, bytes(head.hash)) for head in known}
    seals = []
    for row in rows:
        position, previous = heads.get(row.order_id, (0, FIRST))
        fact = Fact(row.event_id, row.order_id, row.at, row.type, row.key, row.actor, row.data)
        heads[row.order_id] = position + 1, link(previous, fact)
        seals.append({"event_id": row.event_id, "order_id": row.order_id} | _head(*heads[row.order_id]))
    session.execute(
        insert(table(EventSealRow)).inline(), seals, execution_options={"insertmanyvalues_page_size": len(seals)}
    )
    if ended := [row.data.get("return_id", row.order_id) for row in rows if row.type in ENDS]:
        session.execute(HISTORY_DUE, {"subjects": ended})


def _head(position: int, hash_: bytes) -> dict[str, object]:
    return {"position": position, "hash": hash_}
