"""Disputes that the gateway tells of are booked before the order's workflow hears of them, whatever its status."""

from asyncio import to_thread
from collections.abc import Sequence
from datetime import datetime

from domain.disputes import DisputeOutcome, DisputeReport, Stage
from domain.money import Money
from models.database import Sessions
from models.messaging import PartnerEventRow
from record.orders.disputes import tell
from relay.rows import Waiting

OPENED, UPDATED, WON, LOST = "dispute.opened", "dispute.updated", "dispute.won", "dispute.lost"
OUTCOMES = {WON: DisputeOutcome.WON, LOST: DisputeOutcome.LOST}


class Disputes:
    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def carry(self, group: Sequence[Waiting]) -> None:
        """Book what these events say of disputes."""
        for waiting in group:
            if waiting.event.type in (OPENED, UPDATED, *OUTCOMES):
                await to_thread(self._book, waiting)

    def _book(self, waiting: Waiting) -> None:
        with self._sessions.begin() as session:
            data = session.get_one(PartnerEventRow, (waiting.event.partner, waiting.event.event_id)).data
            told = DisputeReport(
                data["dispute_id"],
                Money.parse(data["amount"], data["currency"]),
                data.get("reason_code") or "",
                Stage(data["stage"]),
                datetime.fromisoformat(data["respond_by"]) if data.get("respond_by") else None,
                OUTCOMES.get(waiting.event.type),
                waiting.event.subject,
            )
            tell(session, waiting.order.order_id, told, waiting.event.partner)
