"""Sealing: what transactions have written to the logs of orders is hashed into the chain of each order.

It is done beside the orders, a moment after the commit, so that no order waits for it. A fact that ends an order or a
return also says that its workflow's history is to be kept soon.
"""

from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from domain.status import ORDER, RETURN, OrderStatus, ReturnStatus, is_final
from domain.trace import FIRST, Fact, link
from models.base import table
from models.database import Sessions
from models.horizon import LogHorizon
from models.locks import Lock, alone
from models.trace import EventSealRow

AT_ONCE = 5_000
"""Facts that one transaction seals."""

UNSEALED = text("""
    SELECT event_id, order_id, at, type, key, actor, data FROM order_events
    WHERE event_id > (SELECT coalesce(max(event_id), 0) FROM sealing) AND event_id <= :up_to
    ORDER BY event_id LIMIT :at_once
""")
HEADS = text("""
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
    """Several workers may seal: one does at a time, and the others leave it to that one."""

    def __init__(self, sessions: Sessions, at_once: int = AT_ONCE) -> None:
        self._sessions = sessions
        self._at_once = at_once
        self._horizon = LogHorizon()

    def run(self) -> int:
        """Seal what was committed, oldest first, in one transaction, and answer how many facts these were."""
        with self._sessions.begin() as session:
            up_to = self._horizon.look(session)
            return _seal(session, up_to, self._at_once) if alone(session, Lock.SEALING) else 0


def _seal(session: Session, up_to: int, at_once: int) -> int:
    rows = session.execute(UNSEALED, {"at_once": at_once, "up_to": up_to}).all()
    if not rows:
        return 0
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
    session.execute(SEALED, {"event_id": rows[-1].event_id})
    return len(rows)


def _head(position: int, hash_: bytes) -> dict[str, object]:
    return {"position": position, "hash": hash_}
