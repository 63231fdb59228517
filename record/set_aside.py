"""Rows that a job could not work: set aside so that those behind them go on, listed, and tried again on request."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.orm import Session

from domain.parameters import NotAParameter
from models.database import Sessions
from models.set_aside import SetAsideRow

MAX_ATTEMPTS = 5
"""Failures of a row before it is set aside."""


ROWS_OWN = ("21", "22", "23", "54", "P0")
"""Classes of SQLSTATE that the row itself causes. All others are trouble of the database, which may pass."""


Answer = TypeVar("Answer")


class Queue(NamedTuple):
    """SQL that takes `:subjects` out of their queue, and puts them back. Empty if the job itself skips rows that are
    set aside."""

    out: str = ""
    back: str = ""


_EVENTS = """(partner, event_id) IN (
    SELECT split_part(subject, '/', 1), substr(subject, strpos(subject, '/') + 1)
    FROM unnest(CAST(:subjects AS text[])) AS subject)"""


_OPEN_ORDER = "order_id = ANY(:subjects) AND workflow_started_at IS NULL"


QUEUES: Mapping[str, Queue] = {
    "order": Queue(
        f"UPDATE orders SET relay_after = 'infinity' WHERE {_OPEN_ORDER}",
        f"UPDATE orders SET relay_after = now() WHERE {_OPEN_ORDER}",
    ),
    "event": Queue(
        f"UPDATE partner_events SET relay_after = 'infinity' WHERE relayed_at IS NULL AND {_EVENTS}",
        f"UPDATE partner_events SET relay_after = now(), tries = 0 WHERE relayed_at IS NULL AND {_EVENTS}",
    ),
    "wave": Queue(
        "UPDATE fulfillment_orders SET wave_after = 'infinity' WHERE fulfillment_order_id = ANY(:subjects)",
        "UPDATE fulfillment_orders SET wave_after = now() WHERE fulfillment_order_id = ANY(:subjects)",
    ),
    "history": Queue(
        "UPDATE histories_due SET look_after = 'infinity' WHERE subject = ANY(:subjects)",
        "UPDATE histories_due SET look_after = now(), tries = 0 WHERE subject = ANY(:subjects)",
    ),
    "deadline": Queue(
        "UPDATE orders SET warn_at = NULL WHERE order_id = ANY(:subjects)",
        "UPDATE orders SET warn_at = now() WHERE order_id = ANY(:subjects) AND due_at IS NOT NULL AND ended_at IS NULL",
    ),
    "escalation": Queue(
        "UPDATE deadline_alerts SET escalates_at = NULL WHERE alert_id = ANY(CAST(:subjects AS bigint[]))",
        "UPDATE deadline_alerts SET escalates_at = now() WHERE alert_id = ANY(CAST(:subjects AS bigint[]))",
    ),
    "stock": Queue(
        "DELETE FROM stock_touches WHERE sku = ANY(:subjects)",
        "INSERT INTO stock_touches (sku, more) SELECT sku, true FROM unnest(CAST(:subjects AS text[])) AS sku",
    ),
    "fact": Queue(),
    "erasure": Queue(),
    "second_thought": Queue(),
    "subscription": Queue(),
    "job": Queue(),
}


# A failure more than a day ago does not count.
_NOTE = text("""
    INSERT INTO set_asides AS known (kind, subject, reason, aside_at)
    SELECT :kind, subject, :reason, CASE WHEN :limit <= 1 THEN now() END
    FROM unnest(CAST(:subjects AS text[])) AS subject ORDER BY subject
    ON CONFLICT (kind, subject) DO UPDATE SET reason = excluded.reason, last_at = now(),
        tries = CASE WHEN known.last_at < now() - interval '1 day' THEN 1 ELSE known.tries + 1 END,
        first_at = CASE WHEN known.tries = 0 THEN now() ELSE known.first_at END,
        aside_at = CASE WHEN known.aside_at IS NOT NULL THEN known.aside_at
            WHEN :limit <= 1 OR known.tries + 1 >= :limit AND known.last_at >= now() - interval '1 day' THEN now() END
    RETURNING subject, aside_at IS NOT NULL AS aside
""")


# The row of a fact that is tried again is kept until the fact is sealed.
_FORGET = text("""
    DELETE FROM set_asides
    WHERE kind = :kind AND aside_at IS NULL AND last_at < now() - interval '1 day' AND (tries > 0 OR kind <> 'fact')
""")


_AGAIN = text("""
    UPDATE set_asides SET aside_at = NULL, tries = 0, last_at = now()
    WHERE aside_id = ANY(ARRAY(
        SELECT aside_id FROM set_asides WHERE aside_at IS NOT NULL AND kind = :kind
            AND (CAST(:aside_id AS bigint) IS NULL OR aside_id = :aside_id)
        ORDER BY aside_id LIMIT :at_once FOR UPDATE))
    RETURNING subject
""")


_OVER = text("DELETE FROM set_asides WHERE kind = :kind AND subject = ANY(:subjects)")


AT_ONCE = 1_000


def is_rows_own(trouble: Exception) -> bool:
    """True if the row itself caused the error, rather than the database or the settings, which all rows share."""
    if isinstance(trouble, DBAPIError):
        state = getattr(trouble.orig, "sqlstate", None) or getattr(trouble.orig, "pgcode", None) or ""
        return state.startswith(ROWS_OWN)
    return not isinstance(trouble, DisconnectionError | NoConnection | NotAParameter | OSError | MemoryError)


def set_aside(session: Session, kind: str, subjects: Sequence[str], reason: str, limit: int = 1) -> list[str]:
    """Count a failure of these rows. Return those that have failed `limit` times and are now out of their queue."""
    values = {"kind": kind, "subjects": sorted(set(subjects)), "reason": reason, "limit": limit}
    out = [row.subject for row in session.execute(_NOTE, values) if row.aside]
    session.execute(_FORGET, {"kind": kind})
    if out and QUEUES[kind].out:
        session.execute(text(QUEUES[kind].out), {"subjects": out})
    return out


def try_again(session: Session, kind: str, aside_id: int | None = None) -> int:
    """Put one row back into its queue, or up to a thousand of this kind, the oldest first. Return their number."""
    values = {"kind": kind, "aside_id": aside_id, "at_once": AT_ONCE}
    subjects = list(session.scalars(_AGAIN, values))
    if subjects and QUEUES[kind].back:
        session.execute(text(QUEUES[kind].back), {"subjects": subjects})
    return len(subjects)


def try_all_again(sessions: Sessions, kind: str) -> int:
    """Put all rows of a kind back into their queue, a thousand in each transaction. Return their number."""
    total = 0
    while True:
        with sessions.begin() as session:
            rows = try_again(session, kind)
        total += rows
        if not rows:
            return total


def try_one_again(sessions: Sessions, aside_id: int) -> bool:
    """Put one row back into its queue; False if no row with this id is set aside."""
    with sessions.begin() as session:
        kind = session.scalar(select(SetAsideRow.kind).where(SetAsideRow.aside_id == aside_id))
        return kind is not None and try_again(session, kind, aside_id) > 0


def mark_worked(session: Session, kind: str, subjects: Sequence[str]) -> None:
    """Forget the failures of these rows, since they were worked after all."""
    session.execute(_OVER, {"kind": kind, "subjects": list(subjects)})


def isolate_failing_row(at_once: int, work: Callable[[int], Answer], give_up: Callable[[Exception], Answer]) -> Answer:
    """Work a batch. If one of its rows fails, halve the batch until that row is alone, and call `give_up` for it."""
    while True:
        try:
            return work(at_once)
        except Exception as trouble:
            if not is_rows_own(trouble):
                raise
            if at_once == 1:
                return give_up(trouble)
            at_once //= 2


def error_name(trouble: Exception) -> str:
    """The type of an error and of the database error below it, never its text."""
    below = getattr(trouble, "orig", None)
    return f"{type(trouble).__name__} ({type(below).__name__})" if below is not None else type(trouble).__name__
