"""Write the outcome of attempted deliveries: delivered, retried by the schedule, or parked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import structlog
from sqlalchemy import Select, func, select, text, update
from sqlalchemy.orm import Session

from domain.retries import TOTAL_TIME, circuit_pause, next_pause
from integrations.receivers import Reply
from models.subscription import DELIVERED, PARKED, DeliveryRow, SubscriptionRow

log = structlog.get_logger()

GONE = 410
SHOWN_BODY, SHOWN_ANSWER = 4_000, 2_000
"""Characters stored of the body that was sent and of the answer."""

# No delivery waits longer than the whole schedule, even while the receiver is paused.
PARK_OLD = text("""
    UPDATE deliveries SET state = 'parked', settled_at = now()
    WHERE subscription_id = :subscription_id AND state = 'waiting' AND queued_at < now() - :whole
    RETURNING delivery_id
""")


@dataclass(frozen=True, slots=True)
class Tried:
    """One attempt. `kept` is the body without the receiver of the goods."""

    delivery_id: int
    kept: str
    reply: Reply
    took_ms: int

    @property
    def taken(self) -> bool:
        """True for any 2xx, whatever the body says: a receiver that could not take it must not answer 2xx."""
        return self.reply.status is not None and 200 <= self.reply.status < 300

    @property
    def retry_after(self) -> float:
        """The seconds of the receiver's Retry-After; 0 if there is none or it is not valid by RFC 9110."""
        asked = self.reply.retry_after.strip()
        if self.taken or not asked:
            return 0
        if asked.isascii() and asked.isdigit():
            return float(asked[:9])
        try:
            until = parsedate_to_datetime(asked)
        # A UTC offset of twenty digits overflows.
        except (ValueError, OverflowError):
            return 0
        return max(0.0, (until.replace(tzinfo=until.tzinfo or UTC) - datetime.now(UTC)).total_seconds())

    @property
    def problem(self) -> str | None:
        if self.taken:
            return None
        status = self.reply.status
        if status is None:
            return self.reply.problem
        return f"answered {status}" + (", and redirects are not followed" if 300 <= status < 400 else "")


def settle(session: Session, subscription_id: str, tries: Sequence[Tried]) -> None:
    """Write the outcomes of these attempts in their sequence, and pause the receiver while it fails."""
    whose = select(SubscriptionRow).where(SubscriptionRow.subscription_id == subscription_id).with_for_update()
    subscription = session.scalar(whose)
    if subscription is None or not tries:
        return
    rows = {row.delivery_id: row for row in session.scalars(_these(tries))}
    now, pause, failures, parked = datetime.now(UTC), timedelta(), subscription.failures, 0
    for one in tries:
        if (row := rows.get(one.delivery_id)) is None:
            continue
        _write_outcome(row, one, now, subscription.people)
        failures = 0 if one.taken else failures + 1
        if not one.taken:
            pause = max(pause, timedelta(seconds=min(one.retry_after, 86_400)))
            parked += row.state == PARKED
        if one.reply.status == GONE:
            subscription.active, subscription.disabled_because = False, "the receiver answered 410"
    subscription.failures = failures
    pause = max(pause, circuit_pause(failures) or timedelta())
    subscription.not_before = now + pause if pause else None
    if failures:
        session.flush()
        parked += len(session.execute(PARK_OLD, {"subscription_id": subscription_id, "whole": TOTAL_TIME}).all())
    if parked:
        log.error("deliveries_parked", subscription_id=subscription_id, count=parked)


def park(session: Session, subscription_id: str, delivery_id: int, problem: str) -> None:
    """Park one delivery for a person without an attempt."""
    values = {"state": PARKED, "settled_at": func.now(), "problem": problem}
    session.execute(update(DeliveryRow).where(DeliveryRow.delivery_id == delivery_id).values(values))
    log.error("deliveries_parked", subscription_id=subscription_id, count=1, problem=problem)


def _these(tries: Sequence[Tried]) -> Select[DeliveryRow]:
    rows = select(DeliveryRow).where(DeliveryRow.delivery_id.in_([one.delivery_id for one in tries]))
    return rows.order_by(DeliveryRow.delivery_id).with_for_update()


def _write_outcome(row: DeliveryRow, tried: Tried, now: datetime, people: bool) -> None:
    row.tries += 1
    row.tried_at, row.took_ms, row.status, row.problem = now, tried.took_ms, tried.reply.status, tried.problem
    row.body = tried.kept[:SHOWN_BODY]
    # A receiver that got names may echo them.
    row.answer = "" if people else tried.reply.body[:SHOWN_ANSWER]
    if tried.taken:
        row.state, row.settled_at = DELIVERED, now
    elif (pause := next_pause(row.tries, tried.retry_after)) is None:
        row.state, row.settled_at = PARKED, now
    else:
        row.due_at = now + pause
