"""The relay carries what PostgreSQL has accepted into Temporal: orders become workflows, webhooks become signals.

It is the only way there, so recovery after a crash is not another one. Rows are taken by a lease, told to Temporal
outside of any transaction, and marked. What a crash interrupts happens twice at worst, and both sides know repeats.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from itertools import groupby
from typing import Any

import structlog
from sqlalchemy import Row
from sqlalchemy.exc import SQLAlchemyError
from temporalio.client import Client
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from domain.parameters import NotAParameter
from models.database import Sessions
from relay.arrivals import Arrivals
from relay.cancels import ask_to_cancel
from relay.deadlines import DeadlineWatch
from relay.erasures import Erasures
from relay.histories import Histories
from relay.messages import MessageNews
from relay.proof import Proof
from relay.rows import MARK_EVENTS, MARK_ORDERS, TAKE_EVENTS, Rows, Waiting
from relay.second_thoughts import SecondThoughts
from relay.stock import StockNews
from relay.turns import Turns
from relay.waves import Waves
from settings import Settings
from workflows.messages import PartnerEvents
from workflows.starting import ORDER_WORKFLOW, RETURN_WORKFLOW, order_start, return_start

log = structlog.get_logger()

SHORTEST_PAUSE, LONGEST_PAUSE = 0.02, 0.5
# Money that moves after an order has ended must not go unseen, and a refund that failed never.
TOO_LATE = {
    "payment.captured": "a payment was captured after the order had ended",
    "fulfillment_order.returned": "a parcel came back after the order had ended: book its goods",
}
ALARMING = {"refund.failed": "the gateway says that a refund failed: the money is still here"}


class Relay:
    """Runs in every worker; several relays share the work by taking different rows."""

    def __init__(self, sessions: Sessions, client: Client, settings: Settings) -> None:
        self.rows = Rows(sessions)
        self.turns = Turns(sessions, settings.relay_fair, settings.relay_ahead)
        self.stock = StockNews(sessions, client, settings)
        self.deadlines = DeadlineWatch(sessions)
        self.messages = MessageNews(sessions, client, settings)
        self.arrivals = Arrivals(sessions, client, settings)
        self.second_thoughts = SecondThoughts(sessions)
        self.erasures = Erasures(sessions)
        self.histories = Histories(sessions, client, settings)
        self.proof = Proof(sessions, settings.trace_key)
        self.waves = Waves(sessions, client, settings)
        self.client = client
        self.settings = settings
        self.stopping = asyncio.Event()

    async def run(self) -> None:
        """Carry until `stop`; trouble on either side is logged and tried again."""
        await asyncio.gather(
            self._repeat(self.start_orders),
            self._repeat(self.carry_events),
            self._repeat(self.waves.carry),
            # Looked at rarely, so that what changes many times meanwhile is told once.
            self._repeat(self.stock.carry, shortest=LONGEST_PAUSE),
            self._repeat(self.proof.carry, shortest=LONGEST_PAUSE),
            self._repeat(self.messages.carry, shortest=LONGEST_PAUSE),
            # What nobody waits for by the second.
            self._repeat(self.deadlines.carry, LONGEST_PAUSE, longest=10),
            self._repeat(self.histories.carry, LONGEST_PAUSE, longest=10),
            self._repeat(self.erasures.carry, LONGEST_PAUSE, longest=20),
            self._repeat(self.second_thoughts.carry, LONGEST_PAUSE, longest=20),
        )

    def stop(self) -> None:
        self.stopping.set()

    async def start_orders(self) -> int:
        """Start the workflows of a batch of accepted orders; answer how many, or one if there is no room."""
        orders, busy = await asyncio.to_thread(self.turns.take)
        if orders:
            started = await asyncio.gather(*(self._start_order(order) for order in orders))
            await asyncio.to_thread(self.rows.mark, MARK_ORDERS, [order_id for order_id in started if order_id])
        return len(orders) or int(busy)

    async def carry_events(self) -> int:
        """Carry a batch of webhooks to the workflows they are about; those of one workflow share a signal."""
        rows = await asyncio.to_thread(self.rows.take, TAKE_EVENTS)
        if not rows:
            return 0
        of_stock = self.arrivals.types
        # One after the other in the order of their arrival: what they do to stock depends on what was before.
        arrived = sorted((row for row in rows if row.type in of_stock), key=lambda row: row.sequence)
        done = [row.sequence for row in arrived if await self.arrivals.carry(row)]
        waiting = await asyncio.to_thread(self.rows.find, [row for row in rows if row.type not in of_stock])
        groups = [list(group) for _, group in groupby(waiting, key=_together)]
        told = await asyncio.gather(*(self._tell(group) for group in groups))
        # Several orders may hear the same, such as those that share a parcel: it is done when all of them have.
        missed = {
            one.sequence
            for group, heard in zip(groups, told, strict=True)
            for one in group
            if one.sequence not in heard
        }
        done += {one.sequence for one in waiting} - missed
        if done:
            await asyncio.to_thread(self.rows.mark, MARK_EVENTS, done)
        return len(done)

    async def _repeat(
        self, carry: Callable[[], Awaitable[int]], shortest: float = SHORTEST_PAUSE, longest: float = LONGEST_PAUSE
    ) -> None:
        """Carry again and again, with pauses in seconds that grow while there is nothing to carry."""
        pause = shortest
        while not self.stopping.is_set():
            try:
                carried = await carry()
            except (SQLAlchemyError, RPCError, NotAParameter) as trouble:
                log.warning("relay_trouble", error=type(trouble).__name__)
                carried, pause = 0, longest
            pause = shortest if carried else min(pause * 1.5, longest)
            with suppress(TimeoutError):
                await asyncio.wait_for(self.stopping.wait(), pause)

    async def _start_order(self, order: Row[Any]) -> str | None:
        start = order_start(
            self.settings,
            order.order_id,
            order.channel,
            order.channel_order_id,
            order.customer_id,
            order.units,
            order.tags,
        )
        try:
            await self.client.start_workflow(ORDER_WORKFLOW, **start)
        except WorkflowAlreadyStartedError:
            pass
        except RPCError as trouble:
            log.warning("order_not_started", order_id=order.order_id, status=trouble.status.name)
            return None
        return str(order.order_id)

    async def _tell(self, group: Sequence[Waiting]) -> list[int]:
        """Signal one workflow; answers the sequence numbers that need not be carried again."""
        await self._call_a_person(group, ALARMING)
        try:
            if group[0].asks_for_return:
                for waiting in group:
                    await self._ask_for_return(waiting)
            elif group[0].asks_for_cancel:
                return [one.sequence for one in group if await ask_to_cancel(self.client, self.rows, one)]
            else:
                handle = self.client.get_workflow_handle(group[0].workflow_id)
                reports = PartnerEvents([waiting.event for waiting in group])
                await handle.signal("partner_reported", reports, rpc_timeout=self.settings.rpc_timeout)
        except RPCError as trouble:
            if trouble.status != RPCStatusCode.NOT_FOUND:
                log.warning("event_not_carried", workflow_id=group[0].workflow_id, status=trouble.status.name)
                return []
            # The workflow has ended. Most reports then change nothing.
            await self._call_a_person(group, TOO_LATE)
        return [waiting.sequence for waiting in group]

    async def _ask_for_return(self, waiting: Waiting) -> None:
        order, case_id = waiting.order, waiting.case_id or ""
        start = return_start(
            self.settings, order.order_id, order.channel, order.channel_order_id, order.customer_id, case_id
        )
        try:
            await self.client.start_workflow(
                RETURN_WORKFLOW, start_signal="requested", start_signal_args=[waiting.event], **start
            )
        except WorkflowAlreadyStartedError:
            log.info("return_known", order_id=order.order_id, case_id=case_id)

    async def _call_a_person(self, group: Sequence[Waiting], reasons: Mapping[str, str]) -> None:
        for waiting in group:
            if waiting.event.type in reasons:
                reason = reasons[waiting.event.type]
                await asyncio.to_thread(self.rows.call_a_person, waiting.order.order_id, reason)


def _together(waiting: Waiting) -> tuple[str, bool, bool]:
    """What may be told in one go: the same kind of news about the same workflow."""
    return waiting.workflow_id, waiting.asks_for_return, waiting.asks_for_cancel
