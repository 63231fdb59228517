"""Captured payments: booked at once whatever the order's status, and paid back if the order was undone."""

import asyncio
from collections.abc import Sequence

from sqlalchemy import text
from temporalio.client import Client
from temporalio.exceptions import WorkflowAlreadyStartedError

from domain.money import Money
from domain.money_alerts import LATE_MONEY
from domain.status import ORDER, UNDONE, OrderStatus, is_final
from models.database import Sessions
from models.messaging import PartnerEventRow
from record.orders import payment_claims
from record.orders.alerts import call_to
from record.orders.payment_claims import CHECK_ASKED
from relay.rows import Waiting
from settings import Settings
from workflows.starting import SETTLEMENT_WORKFLOW, settlement_start

CAPTURED = "payment.captured"
_ENDED = ", ".join(f"'{status}'" for status in OrderStatus if is_final(ORDER, status))
OPEN = text(f"SELECT order_id FROM orders WHERE order_id = :order_id AND status NOT IN ({_ENDED})")
UNATTENDED = "a payment was captured and nobody works on the order"


class LateMoney:
    def __init__(self, sessions: Sessions, client: Client, settings: Settings) -> None:
        self.sessions = sessions
        self.client = client
        self.settings = settings

    async def carry(self, group: Sequence[Waiting]) -> set[int]:
        """Book what these events say was captured. Return the sequence numbers of those to be carried again."""
        about_money = [waiting for waiting in group if waiting.event.type in (CAPTURED, CHECK_ASKED)]
        due = [one for one in about_money if await asyncio.to_thread(self._book, one)]
        if due and not await self._settle(due[0].order.order_id):
            return {one.sequence for one in due}
        return set()

    async def flag_unattended(self, group: Sequence[Waiting]) -> None:
        """Call a person to captured money of an order that is open but has no workflow any more."""
        captured = [waiting.event.event_id for waiting in group if waiting.event.type == CAPTURED]
        if captured:
            await asyncio.to_thread(self._call_a_person, group[0].order.order_id, captured[0])

    def _book(self, waiting: Waiting) -> bool:
        """Book a capture. True if a settlement run must ask the gateway: the order was undone, or a check was asked
        for."""
        if waiting.event.type == CHECK_ASKED:
            return True
        with self.sessions.begin() as session:
            key = waiting.event.partner, waiting.event.event_id
            data = session.get_one(PartnerEventRow, key).data
            amount = Money.parse(data["amount"], data["currency"])
            captured = payment_claims.capture(session, data["payment_reference"], amount, waiting.order.order_id)
        return captured is not None and captured.status in UNDONE

    async def _settle(self, order_id: str) -> bool:
        try:
            await self.client.start_workflow(SETTLEMENT_WORKFLOW, **settlement_start(self.settings, order_id))
        except WorkflowAlreadyStartedError:
            # The running settlement may have asked the gateway before this money came.
            return False
        return True

    def _call_a_person(self, order_id: str, event_id: str) -> None:
        with self.sessions.begin() as session:
            if session.execute(OPEN, {"order_id": order_id}).first():
                call_to(session, order_id, LATE_MONEY, UNATTENDED, event_id)
