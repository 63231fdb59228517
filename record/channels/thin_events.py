"""Thin events: intakes that only name their orders, which are then fetched."""

from collections.abc import Mapping

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from domain.errors import CallLimited, PartnerTrouble
from integrations.channels.translated import Kind
from integrations.pulls.puller import Puller
from models.channel import IntakeRow
from models.database import Sessions
from record.channels.accounts import Account
from record.channels.fetched import Fetched, take_either
from record.channels.reading import IGNORED, REJECTED, TAKEN, WAITING

UNKNOWN = "the channel does not know this order"
GONE = "the channel has this order no longer"
RECORDED = "recorded as a past order"


def waiting_intakes(session: Session, channel: str, limit: int) -> list[IntakeRow]:
    """Return waiting intakes, the one tried longest ago first."""
    waiting = select(IntakeRow).where(IntakeRow.channel == channel, IntakeRow.status == WAITING)
    return list(session.scalars(waiting.order_by(IntakeRow.tried_at, IntakeRow.intake_id).limit(limit)))


def fetch_wanted(sessions: Sessions, account: Account, puller: Puller, waiting: IntakeRow) -> bool:
    """Fetch the orders that a thin event names, and write the outcome to its intake once all are stored.

    False when the platform did not return them: the intake waits on. Raises CallLimited and PullRefused."""
    outcome: Mapping[str, str | None]
    try:
        outcomes = [_fetch(sessions, account, puller, number, one) for number, one in enumerate(waiting.wanted)]
        # Of several orders a rejected one is reported.
        outcome = min(outcomes, key=lambda one: one["status"] != REJECTED)
    except CallLimited:
        raise
    except PartnerTrouble as trouble:
        outcome = {"status": WAITING, "reason": str(trouble)}
    with sessions.begin() as session:
        row = session.get_one(IntakeRow, waiting.intake_id, with_for_update=True)
        row.tried_at, row.tries = func.now(), row.tries + (outcome["status"] == WAITING)
        for name, value in outcome.items():
            setattr(row, name, value)
    return outcome["status"] != WAITING


def _fetch(
    sessions: Sessions, account: Account, puller: Puller, number: int, wanted: Mapping[str, str]
) -> dict[str, str | None]:
    kind, raw = Kind(wanted["kind"]), puller.order(wanted["order_id"])
    if raw is None and kind is Kind.CANCELED:
        # Deleted at the channel after the event canceled it: nothing is left to fetch.
        return {"status": IGNORED, "field": None, "reason": GONE}
    if raw is None:
        return {"status": REJECTED, "field": f"wanted[{number}].order_id", "reason": UNKNOWN}
    intake = take_either(sessions, account, Fetched(raw, (kind,)))
    if intake is None:
        return {"status": TAKEN, "field": None, "reason": RECORDED}
    return {
        "status": REJECTED if intake.status == REJECTED else TAKEN,
        "field": intake.field,
        "reason": intake.reason,
        "order_id": intake.order_id,
        "channel_order_id": intake.channel_order_id,
    }
