"""The relay carries what PostgreSQL has accepted into Temporal: orders become workflows, webhooks become signals.

It is the only way into Temporal, so recovery after a crash needs no code of its own. Rows are leased, handed to
Temporal outside of any transaction, and marked. What a crash interrupts happens twice at worst, and both sides
recognize repeats.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from sqlalchemy import Row
from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from domain.service_levels import Allowance
from models.database import Sessions
from record.caches import Caches
from relay.bulks import BulkJob
from relay.events import EventJob
from relay.exports import ExportJob
from relay.histories import HistoryJob
from relay.inquiries import InquiryJob
from relay.isolation import Isolation
from relay.lookout import Lookout
from relay.messages import MessageJob
from relay.order_queue import OrderQueue
from relay.rows import Rows
from relay.stock import StockJob
from relay.sweeps import database_sweeps
from relay.waves import WaveJob
from settings import Settings
from workflows.search_attributes import ORDER_ID
from workflows.starting import ORDER_WORKFLOW, order_start

SHORTEST_PAUSE = 0.02
"""Seconds between two rounds of a job that has something to carry."""
LOOK_PAUSE = 0.25
EVENTS_PAUSE, BUSY_WITH_EVENTS = 0.1, 8
"""Webhooks that come in this time share a round. After a round of fewer the lookout says when the next ones
are there, so that a quiet shop asks for nothing."""
GATHERING_PAUSE = 0.5
"""For jobs that are run rarely, so that several changes of the same thing are passed on once, and after a failure."""
LONGEST_PAUSE = 5.0
"""After this time a job looks for itself, whatever the lookout says (relay/lookout.py)."""
THREADS = 16


class Relay:
    """Runs all jobs in every worker; several relays share the work by leasing different rows."""

    def __init__(self, sessions: Sessions, client: Client, settings: Settings, caches: Caches) -> None:
        self.rows = Rows(sessions)
        self.isolation = Isolation(sessions)
        self.allowance = Allowance(settings.express_share, settings.express_at_once)
        self.queue = OrderQueue(sessions, settings.relay_fair, settings.relay_ahead)
        self.stock = StockJob(sessions, client, settings, caches.parameters)
        self.messages = MessageJob(sessions, client, settings)
        self.events = EventJob(self.rows, client, settings, caches.parameters)
        self.histories = HistoryJob(sessions, client, settings)
        self.waves = WaveJob(sessions, client, settings)
        self.inquiries = InquiryJob(sessions, client, settings)
        self.bulks = BulkJob(sessions, client, settings)
        self.exports = ExportJob(sessions, client, settings)
        self.lookout = Lookout(sessions)
        self.sweeps = database_sweeps(sessions, settings, caches.outlooks)
        self.client = client
        self.settings = settings
        self.stopping = asyncio.Event()
        self.moves = 0
        """Rounds of all jobs so far: the watch of this process ends it when they stand still."""

    async def run(self) -> None:
        """Carry until `stop`. Each job runs on its own: one that fails is logged and tried again while others go on."""
        # The event loop's own pool is small, and a job that waits for a lock must not take its last thread.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS, thread_name_prefix="relay"))
        await asyncio.gather(
            self._repeat("orders", self.start_orders),
            self._repeat("events", self.carry_events, EVENTS_PAUSE, busy=BUSY_WITH_EVENTS),
            self._repeat("waves", self.waves.carry),
            self._repeat("stock", self.stock.carry, GATHERING_PAUSE),
            self._repeat("messages", self.messages.carry, GATHERING_PAUSE),
            self._repeat("lookout", self.lookout.carry, longest=LOOK_PAUSE),
            self._repeat("bulks", self.bulks.carry, GATHERING_PAUSE, longest=20),
            self._repeat("exports", self.exports.carry, GATHERING_PAUSE, longest=20),
            # Nobody waits for these by the second.
            self._repeat("histories", self.histories.carry, GATHERING_PAUSE, longest=10),
            self._repeat("inquiries", self.inquiries.carry, GATHERING_PAUSE, longest=20),
            *(
                self._repeat(
                    sweep.job, partial(asyncio.to_thread, sweep.run), sweep.shortest_pause, sweep.longest_pause
                )
                for sweep in self.sweeps
            ),
        )

    def stop(self) -> None:
        self.stopping.set()

    async def start_orders(self) -> int:
        """Start the workflows of a batch of accepted orders. Return how many, or 1 if there is no room for any."""
        orders, busy = await asyncio.to_thread(self.queue.take)
        if not orders:
            return int(busy)
        starts = [self.isolation.attempt("order", [order.order_id], self._start_order(order)) for order in orders]
        if started := [order_id for order_id in await asyncio.gather(*starts) if order_id]:
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
        busy: int = 1,
    ) -> None:
        """Run the job again and again: soon while it has carried at least `busy`, else when the lookout calls it, or
        after `longest` seconds.

        No failure ends the job or disturbs another.
        """
        failing = False
        while not self.stopping.is_set():
            try:
                carried = await carry()
                if failing:
                    await self.isolation.job_recovered(job)
                failing = False
            except Exception as error:
                await self.isolation.job_failed(job, error)
                carried, failing = 0, True
            self.moves += 1
            await self._pause(GATHERING_PAUSE if failing else shortest, self.stopping.wait())
            if carried < busy and not failing:
                await self._pause(longest, self.lookout.wait(job), self.stopping.wait())

    async def _pause(self, seconds: float, *ends: Coroutine[Any, Any, object]) -> None:
        """Pause until one of `ends` returns, for at most this long."""
        waiting = [asyncio.create_task(end) for end in ends]
        await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()

    async def _start_order(self, order: Row[Any]) -> str:
        start = order_start(
            self.settings,
            order.order_id,
            order.channel,
            order.channel_order_id,
            order.customer_id,
            order.units,
            self.allowance.urgency(order.channel, order.tags),
            order.edition,
        )
        # Not the one that runs already, unasked: after a restored backup it may be that of a lost order.
        start["id_conflict_policy"] = WorkflowIDConflictPolicy.FAIL
        try:
            await self.client.start_workflow(ORDER_WORKFLOW, **start)
        except WorkflowAlreadyStartedError:
            known = await self.client.get_workflow_handle(start["id"]).describe(rpc_timeout=self.settings.rpc_timeout)
            if known.typed_search_attributes.get(ORDER_ID) != order.order_id:
                await self.isolation.put_aside("order", [order.order_id], "its workflow belongs to another order")
                return ""
        return str(order.order_id)
