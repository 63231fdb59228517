"""Carries webhooks to the workflows that they are about, and sets aside those whose order never comes."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

import structlog
from sqlalchemy import Row
from temporalio.client import Client
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from domain.money_alerts import LATE_REPORT, REFUND_REFUSED
from record.orders.payment_claims import CHECK_ASKED
from record.parameters import ParameterCache
from relay.cancels import ask_to_cancel
from relay.disputes import Disputes
from relay.edits import ask_to_edit
from relay.isolation import Isolation, is_row_at_fault
from relay.late_money import LateMoney
from relay.late_sales import LateSales
from relay.reports import ReportJob, is_applied_here
from relay.rows import Rows, Waiting, key_of
from relay.stock_events import StockEvents
from settings import Settings
from workflows.messages import PartnerEvents
from workflows.starting import RETURN_WORKFLOW, return_start

log = structlog.get_logger()

MIN_TRIES_UNCLAIMED = 10
"""Tries that a webhook without an order gets at least before it is set aside, however old it is."""
# Events that a person must handle when the workflow has ended, and events that always call one. For captured money see
# relay/late_money.py.
Alarms = Mapping[str, tuple[str, str]]
"""Code and reason by the type of the report."""
TOO_LATE: Alarms = {
    "fulfillment_order.returned": (LATE_REPORT, "a parcel came back after the order had ended: book its goods"),
    "return.received": (LATE_REPORT, "goods of a return came after its case had ended: book them"),
}
ALARMING: Alarms = {"refund.failed": (REFUND_REFUSED, "the gateway says that a refund failed: the money is still here")}


class EventJob:
    """Several relays share the webhooks; the webhooks of one workflow share a signal."""

    def __init__(self, rows: Rows, client: Client, settings: Settings, parameters: ParameterCache) -> None:
        self.rows = rows
        self.reports = ReportJob(rows.sessions, client, settings, parameters)
        self.client = client
        self.settings = settings
        self.isolation = Isolation(rows.sessions)
        self.disputes = Disputes(rows.sessions)
        self.late_money = LateMoney(rows.sessions, client, settings)
        self.late_sales = LateSales(rows.sessions)
        self.stock_events = StockEvents(rows.sessions, client, settings)

    async def carry(self) -> int:
        """Carry a batch. Return how many were looked at, less those that Temporal did not take.

        So the relay goes on at once after webhooks without an order, and pauses while Temporal is down.
        """
        rows, waiting = await asyncio.to_thread(self.rows.take_events)
        if not rows:
            return 0
        about_stock = [row for row in rows if row.type in self.stock_events.types]
        booked = await self._book(about_stock)
        about_orders = [row for row in rows if row.type not in self.stock_events.types]
        waiting += await asyncio.to_thread(self.rows.find, about_orders)
        waiting.sort(key=lambda one: (one.workflow_id, one.sequence))
        times = Counter(one.sequence for one in waiting)
        applied_here = [one for one in waiting if is_applied_here(one)]
        carried = await self.reports.carry(applied_here, {sequence for sequence in times if times[sequence] == 1})
        missed = carried.missed | await self._signal_all([one for one in waiting if not is_applied_here(one)])
        done = booked | (times.keys() - missed)
        if unmarked := [row for row in rows if row.sequence in done - carried.marked]:
            await asyncio.to_thread(self.rows.mark_carried, unmarked)
        undone = [row for row in rows if row.sequence not in done]
        unknown = {row.sequence for row in undone} - times.keys() - {row.sequence for row in about_stock}
        await self._put_off(undone, unknown)
        return len(rows) - len(missed)

    async def _book(self, rows: Sequence[Row[Any]]) -> set[int]:
        """Book events about stock in the sequence of their arrival, since each depends on the ones before. Return the
        sequence numbers of those that are done."""
        done = set[int]()
        for row in sorted(rows, key=lambda row: row.sequence):
            if await self.isolation.attempt("event", [key_of(row)], self.stock_events.carry(row)):
                done.add(row.sequence)
        return done

    async def _signal_all(self, waiting: Sequence[Waiting]) -> set[int]:
        """Signal every workflow. Return the sequence numbers that some workflow did not take: a webhook about a parcel
        goes to each order in it, and is done when all of them have taken it."""
        groups = [list(group) for _, group in groupby(waiting, key=_signal_key)]
        taken = await asyncio.gather(*(self._signal_safely(group) for group in groups))
        return {
            one.sequence
            for group, sequences in zip(groups, taken, strict=True)
            for one in group
            if one.sequence not in sequences
        }

    async def _signal_safely(self, group: Sequence[Waiting]) -> list[int]:
        """Signal one workflow. Return the sequence numbers that are done. When one event is at fault, the others are
        sent without it."""
        if len(group) == 1:
            return await self.isolation.attempt("event", [key_of(group[0].event)], self._signal(group)) or []
        try:
            return await self._signal(group)
        except Exception as error:
            if is_row_at_fault(error):
                return [sequence for one in group for sequence in await self._signal_safely([one])]
            self.isolation.report("event", [key_of(one.event) for one in group], error)
            return []

    async def _signal(self, group: Sequence[Waiting]) -> list[int]:
        await self._call_a_person(group, ALARMING)
        again = await self.late_money.carry(group)
        await self.disputes.carry(group)
        try:
            if group[0].asks_for_return:
                for waiting in group:
                    await self._ask_for_return(waiting)
            elif group[0].asks_for_cancel:
                return [one.sequence for one in group if await ask_to_cancel(self.client, self.rows, one)]
            elif group[0].asks_for_edit:
                return [one.sequence for one in group if await ask_to_edit(self.client, self.rows, one)]
            else:
                await self._report(group)
        except RPCError as trouble:
            if trouble.status != RPCStatusCode.NOT_FOUND:
                raise
            # The workflow has ended; most events then change nothing.
            await self._call_a_person(group, TOO_LATE)
            await self.late_money.flag_unattended(group)
            await self.late_sales.carry(group)
        return [waiting.sequence for waiting in group if waiting.sequence not in again]

    async def _report(self, group: Sequence[Waiting]) -> None:
        if reports := [waiting.event for waiting in group if waiting.event.type != CHECK_ASKED]:
            handle = self.client.get_workflow_handle(group[0].workflow_id)
            await handle.signal("partner_reported", PartnerEvents(reports), rpc_timeout=self.settings.rpc_timeout)

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

    async def _call_a_person(self, group: Sequence[Waiting], alarms: Alarms) -> None:
        for waiting in group:
            if waiting.event.type in alarms:
                code, reason = alarms[waiting.event.type]
                about = waiting.event.event_id
                await asyncio.to_thread(self.rows.call_a_person, waiting.order.order_id, code, reason, about)

    async def _put_off(self, undone: Sequence[Row[Any]], unknown: set[int]) -> None:
        """Try these rows again later; set aside those whose order has not come for too long."""
        too_old = self.settings.unclaimed_after.total_seconds()
        unclaimed = [row for row in undone if _is_old(row, too_old) and row.sequence in unknown]
        for kind, rows in groupby(sorted(unclaimed, key=_type), key=_type):
            await self.isolation.put_aside("event", [key_of(row) for row in rows], f"nobody's {kind}")
        aside = {row.sequence for row in unclaimed}
        if again := [row for row in undone if row.sequence not in aside]:
            await asyncio.to_thread(self.rows.put_off, again, unknown)


def _signal_key(waiting: Waiting) -> tuple[str, bool, bool, bool]:
    """Events with the same key share a signal: the same kind of event for the same workflow."""
    return waiting.workflow_id, waiting.asks_for_return, waiting.asks_for_cancel, waiting.asks_for_edit


def _type(row: Row[Any]) -> str:
    return str(row.type)


def _is_old(row: Row[Any], too_old: float) -> bool:
    return float(row.age) > too_old and int(row.tries) >= MIN_TRIES_UNCLAIMED
