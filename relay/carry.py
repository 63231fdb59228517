"""The relay carries what PostgreSQL has accepted into Temporal: orders become workflows, webhooks become signals.

It is the only way there, so recovery after a crash is not another one. Rows are taken by a lease, told to Temporal
outside of any transaction, and marked. What a crash interrupts happens twice at worst, and both sides know repeats.
"""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from sqlalchemy import Row
from temporalio.client import Client
from temporalio.exceptions import WorkflowAlreadyStartedError

from domain.service_levels import Allowance
from models.database import Sessions
from relay.deadlines import DeadlineWatch
from relay.erasures import Erasures
from relay.events import Events
from relay.histories import Histories
from relay.inquiries import InquiryWatch
from relay.isolation import Isolation
from relay.messages import MessageNews
from relay.proof import Proof
from relay.rows import Rows
from relay.second_thoughts import SecondThoughts
from relay.stock import StockNews
from relay.turns import Turns
from relay.waves import Waves
from settings import Settings
from workflows.starting import ORDER_WORKFLOW, order_start

SHORTEST_PAUSE, LONGEST_PAUSE = 0.02, 0.5
THREADS = 16


class Relay:
    """Runs in every worker; several relays share the work by taking different rows."""

    def __init__(self, sessions: Sessions, client: Client, settings: Settings) -> None:
        self.rows = Rows(sessions)
        self.isolation = Isolation(sessions)
        self.allowance = Allowance(settings.express_share, settings.express_at_once)
        self.turns = Turns(sessions, settings.relay_fair, settings.relay_ahead)
        self.stock = StockNews(sessions, client, settings)
        self.deadlines = DeadlineWatch(sessions)
        self.messages = MessageNews(sessions, client, settings)
        self.events = Events(self.rows, client, settings)
        self.second_thoughts = SecondThoughts(sessions)
        self.erasures = Erasures(sessions)
        self.histories = Histories(sessions, client, settings)
        self.proof = Proof(sessions, settings)
        self.waves = Waves(sessions, client, settings)
        self.inquiries = InquiryWatch(sessions, client, settings)
        self.client = client
        self.settings = settings
        self.stopping = asyncio.Event()
        self.moves = 0
        """How often a job has looked, for whoever watches this process."""

    async def run(self) -> None:
        """Carry until `stop`. Each job goes by itself: trouble in one is told and tried again, and the others go on."""
        # The loop has few threads of its own, and a job that waits for a lock must not take the last.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS, thread_name_prefix="relay"))
        await asyncio.gather(
            self._repeat("orders", self.start_orders),
            self._repeat("events", self.carry_events),
            self._repeat("waves", self.waves.carry),
            # Looked at rarely, so that what changes many times meanwhile is told once.
            self._repeat("stock", self.stock.carry, shortest=LONGEST_PAUSE),
            self._repeat("proof", self.proof.carry, shortest=LONGEST_PAUSE),
            self._repeat("messages", self.messages.carry, shortest=LONGEST_PAUSE),
            # What nobody waits for by the second.
            self._repeat("deadlines", self.deadlines.carry, LONGEST_PAUSE, longest=10),
            self._repeat("histories", self.histories.carry, LONGEST_PAUSE, longest=10),
            self._repeat("erasures", self.erasures.carry, LONGEST_PAUSE, longest=20),
            self._repeat("inquiries", self.inquiries.carry, LONGEST_PAUSE, longest=20),
            self._repeat("second_thoughts", self.second_thoughts.carry, LONGEST_PAUSE, longest=20),
        )

    def stop(self) -> None:
        self.stopping.set()

    async def start_orders(self) -> int:
        """Start the workflows of a batch of accepted orders; answer how many, or one if there is no room."""
        orders, busy = await asyncio.to_thread(self.turns.take)
        if not orders:
            return int(busy)
        tried = [self.isolation.attempt("order", [order.order_id], self._start_order(order)) for order in orders]
        if started := [order_id for order_id in await asyncio.gather(*tried) if order_id]:
            await asyncio.to_thread(self.rows.mark_started, started)
        return len(started)

    async def carry_events(self) -> int:
        return await self.events.carry()

    async def _repeat(
        self,
        job: str,
        carry: Callable[[], Awaitable[int]],
        shortest: float = SHORTEST_PAUSE,
        longest: float = LONGEST_PAUSE,
    ) -> None:
        """Carry again and again, with pauses in seconds that grow while there is nothing to carry.

        Nothing that goes wrong in a job ends it, or anything else.
        """
        pause, troubled = shortest, False
        while not self.stopping.is_set():
            try:
                carried = await carry()
                if troubled:
                    await self.isolation.job_works_again(job)
                troubled = False
            except Exception as trouble:
                await self.isolation.job_failed(job, trouble)
                carried, pause, troubled = 0, longest, True
            self.moves += 1
            pause = shortest if carried else min(pause * 1.5, longest)
            with suppress(TimeoutError):
                await asyncio.wait_for(self.stopping.wait(), pause)

    async def _start_order(self, order: Row[Any]) -> str:
        start = order_start(
            self.settings,
            order.order_id,
            order.channel,
            order.channel_order_id,
            order.customer_id,
            order.units,
            self.allowance.urgency(order.channel, order.tags),
        )
        with suppress(WorkflowAlreadyStartedError):
            await self.client.start_workflow(ORDER_WORKFLOW, **start)
        return str(order.order_id)
