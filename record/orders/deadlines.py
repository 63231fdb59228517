"""Alerts for orders about to miss what was promised: raised once, before it is missed, and escalated by rules.

No order has a timer for it. A worker reads the index of due warnings, which is short however many orders there are
(docs/decisions/deadlines-are-swept.md).
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import Row, TextClause, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from domain.promises import AT_RISK
from models.database import Sessions
from models.deadlines import DeadlineAlertRow
from models.locks import Lock, try_lock
from models.order import OrderEventRow
from record.orders.promises import WARNING
from record.recordset import insert_all
from record.set_aside import error_name, is_rows_own, isolate_failing_row, set_aside

log = structlog.get_logger()

AT_ONCE = 1_000
"""Orders handled in one transaction."""
OWNER = "staff"

# An order that is locked because what is due changes is left to the next sweep.
NEAR = text(f"""
    UPDATE orders SET warn_at = NULL,
        attention = coalesce(attention, '{WARNING}' || due || ' by ' ||
            to_char(due_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'))
    WHERE order_id = ANY(ARRAY(
        SELECT order_id FROM orders WHERE warn_at <= :now ORDER BY warn_at LIMIT :at_once FOR UPDATE SKIP LOCKED))
    RETURNING order_id, due, due_at, instructions->>'escalate_to' AS escalate_to,
        :now + make_interval(mins => CAST(instructions->>'escalate_after_minutes' AS int)) AS escalates_at
""")
ESCALATE = text("""
    UPDATE deadline_alerts SET owner = escalate_to, escalated_at = :now, escalates_at = NULL
    WHERE alert_id = ANY(ARRAY(
        SELECT alert_id FROM deadline_alerts
        WHERE cleared_at IS NULL AND escalates_at IS NOT NULL AND escalates_at <= :now
        ORDER BY escalates_at LIMIT :at_once FOR UPDATE SKIP LOCKED))
    RETURNING alert_id, order_id, due, owner
""")

FIRST_NEAR = text("""
    SELECT order_id FROM orders WHERE warn_at <= :now ORDER BY warn_at LIMIT 1 FOR UPDATE SKIP LOCKED
""")
FIRST_LATE = text("""
    SELECT alert_id FROM deadline_alerts WHERE cleared_at IS NULL AND escalates_at IS NOT NULL AND escalates_at <= :now
    ORDER BY escalates_at LIMIT 1 FOR UPDATE SKIP LOCKED
""")


class DeadlineSweep:
    """Runs in every worker, but one sweeps at a time."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def run(self, now: datetime) -> int:
        """Raise and escalate the alerts due by `now`, one batch of each. Return how many there were.

        One that fails is set aside, and the others go on."""
        return self._sweep("deadline", FIRST_NEAR, _raise_due, now) + self._sweep(
            "escalation", FIRST_LATE, _escalate, now
        )

    def _sweep(
        self, kind: str, first: TextClause, write: Callable[[Session, datetime, int], int], now: datetime
    ) -> int:
        def work(at_once: int) -> int:
            with self._sessions.begin() as session:
                return write(session, now, at_once) if try_lock(session, Lock.DEADLINE_SWEEP) else 0

        def handle_one(_: Exception) -> int:
            with self._sessions.begin() as session:
                if not try_lock(session, Lock.DEADLINE_SWEEP) or (row := session.scalar(first, {"now": now})) is None:
                    return 0
                # It is tried once more, since another worker may have changed it meanwhile.
                try:
                    with session.begin_nested():
                        return write(session, now, 1)
                except Exception as trouble:
                    if not is_rows_own(trouble):
                        raise
                    log.error("set_aside", kind=kind, subjects=[str(row)], reason=error_name(trouble))
                    set_aside(session, kind, [str(row)], error_name(trouble))
                    return 1

        return isolate_failing_row(AT_ONCE, work, handle_one)


def _raise_due(session: Session, now: datetime, at_once: int) -> int:
    near = session.execute(NEAR, {"now": now, "at_once": at_once}).all()
    _raise(session, near)
    return len(near)


def _escalate(session: Session, now: datetime, at_once: int) -> int:
    late = session.execute(ESCALATE, {"now": now, "at_once": at_once}).all()
    events = [_event(alert, "alert.escalated", "escalated", owner=alert.owner) for alert in late]
    insert_all(session, OrderEventRow, events)
    return len(late)


def _raise(session: Session, near: Sequence[Row[Any]]) -> None:
    columns = ("order_id", "due", "due_at", "escalates_at")
    rows = [
        {name: getattr(order, name) for name in columns} | {"owner": OWNER, "escalate_to": order.escalate_to or ""}
        for order in near
    ]
    if not rows:
        return
    # An order that has its alert already must not fail the batch.
    raised = session.scalars(insert(DeadlineAlertRow).on_conflict_do_nothing().returning(DeadlineAlertRow), rows)
    events = [_event(alert, "alert.raised", "raised", due_at=alert.due_at.isoformat()) for alert in raised.all()]
    insert_all(session, OrderEventRow, events)


def _event(alert: DeadlineAlertRow | Row[Any], kind: str, what: str, **more: str) -> dict[str, Any]:
    data = {"code": AT_RISK[alert.due], **more}
    key = f"deadline:{alert.alert_id}:{what}"
    return {"order_id": alert.order_id, "type": kind, "key": key, "actor": "baton", "data": data}
