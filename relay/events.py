"""Webhooks are carried to the workflows that they are about; what is nobody's waits aside."""

import asyncio
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

import structlog
from sqlalchemy import Row
from temporalio.client import Client
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from record.orders.payment_claims import CHECK_ASKED
from relay.arrivals import Arrivals
from relay.cancels import ask_to_cancel
from relay.isolation import Isolation, lies_in_the_row
from relay.late_money import LateMoney
from relay.rows import TAKE_EVENTS, Rows, Waiting, key_of
from settings import Settings
from workflows.messages import PartnerEvents
from workflows.starting import RETURN_WORKFLOW, return_start

log = structlog.get_logger()

PATIENT_TRIES = 10
"""How often at least a webhook is looked at before it counts as nobody's, however old it is."""
# What a person must see to after an order's end, and what may never go unseen. Of money see relay/late_money.py.
TOO_LATE = {
    "fulfillment_order.returned": "a parcel came back after the order had ended: book its goods",
    "return.received": "goods of a return came after its case had ended: book them",
}
ALARMING = {"refund.failed": "the gateway says that a refund failed: the money is still here"}


class Events:
    """Several relays share the webhooks; those of one workflow share a signal."""

    def __init__(self, rows: Rows, client: Client, settings: Settings) -> None:
        self.rows = rows
        self.client = client
        self.settings = settings
        self.isolation = Isolation(rows.sessions)
        self.late_money = LateMoney(rows.sessions, client, settings)
        self.arrivals = Arrivals(rows.sessions, client, settings)

    async def carry(self) -> int:
        """Carry a batch; answers how many were looked at, whatever came of it, but not those that nothing took.

        So the relay goes on at once behind webhooks that nobody wants, and rests while Temporal is away.
        """
        rows = await asyncio.to_thread(self.rows.take, TAKE_EVENTS)
        if not rows:
            return 0
        of_stock = [row for row in rows if row.type in self.arrivals.types]
        booked = await self._book(of_stock)
        waiting = await asyncio.to_thread(self.rows.find, [row for row in rows if row.type not in self.arrivals.types])
        known = {one.sequence for one in waiting}
        missed = await self._tell_all(waiting)
        done = booked | (known - missed)
        if done:
            await asyncio.to_thread(self.rows.mark_carried, [row for row in rows if row.sequence in done])
        left = [row for row in rows if row.sequence not in done]
        unknown = {row.sequence for row in left} - known - {row.sequence for row in of_stock}
        await self._put_off(left, unknown)
        return len(rows) - len(missed)

    async def _book(self, rows: Sequence[Row[Any]]) -> set[int]:
        """The news of stock that is done with. They go in the order of their arrival: what each does to stock depends
        on what was before."""
        done = set[int]()
        for row in sorted(rows, key=lambda row: row.sequence):
            if await self.isolation.attempt("event", [key_of(row)], self.arrivals.carry(row)):
                done.add(row.sequence)
        return done

    async def _tell_all(self, waiting: Sequence[Waiting]) -> set[int]:
        """Those that somebody has not heard. Several orders may hear the same, such as those that share a parcel: it is
        done when all of them have."""
        groups = [list(group) for _, group in groupby(waiting, key=_together)]
        told = await asyncio.gather(*(self._tell(group) for group in groups))
        return {
            one.sequence
            for group, heard in zip(groups, told, strict=True)
            for one in group
            if one.sequence not in heard
        }

    async def _tell(self, group: Sequence[Waiting]) -> list[int]:
        """Tell one workflow; answers the sequence numbers that need not be carried again. Where one of them is not
        taken, the others are told without it."""
        if len(group) == 1:
            return await self.isolation.attempt("event", [key_of(group[0].event)], self._signal(group)) or []
        try:
            return await self._signal(group)
        except Exception as trouble:
            if lies_in_the_row(trouble):
                return [sequence for one in group for sequence in await self._tell([one])]
            self.isolation.told("event", [key_of(one.event) for one in group], trouble)
            return []

    async def _signal(self, group: Sequence[Waiting]) -> list[int]:
        await self._call_a_person(group, ALARMING)
        again = await self.late_money.carry(group)
        try:
            if group[0].asks_for_return:
                for waiting in group:
                    await self._ask_for_return(waiting)
            elif group[0].asks_for_cancel:
                return [one.sequence for one in group if await ask_to_cancel(self.client, self.rows, one)]
            else:
                await self._report(group)
        except RPCError as trouble:
            if trouble.status != RPCStatusCode.NOT_FOUND:
                raise
            # The workflow has ended. Most reports then change nothing.
            await self._call_a_person(group, TOO_LATE)
            await self.late_money.nobody_works_on(group)
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

    async def _call_a_person(self, group: Sequence[Waiting], reasons: Mapping[str, str]) -> None:
        for waiting in group:
            if waiting.event.type in reasons:
                reason = reasons[waiting.event.type]
                await asyncio.to_thread(self.rows.call_a_person, waiting.order.order_id, reason)

    async def _put_off(self, left: Sequence[Row[Any]], unknown: set[int]) -> None:
        """What was not carried comes again later; what has been nobody's for too long is set aside."""
        too_old = self.settings.unclaimed_after.total_seconds()
        strangers = [row for row in left if _is_old(row, too_old) and row.sequence in unknown]
        for kind, rows in groupby(sorted(strangers, key=_type), key=_type):
            await self.isolation.put_aside("event", [key_of(row) for row in rows], f"nobody's {kind}")
        out = {row.sequence for row in strangers}
        if again := [row for row in left if row.sequence not in out]:
            await asyncio.to_thread(self.rows.put_off, again, unknown)


def _together(waiting: Waiting) -> tuple[str, bool, bool]:
    """What may be told in one go: the same kind of news about the same workflow."""
    return waiting.workflow_id, waiting.asks_for_return, waiting.asks_for_cancel


def _type(row: Row[Any]) -> str:
    return str(row.type)


def _is_old(row: Row[Any], too_old: float) -> bool:
    return float(row.age) > too_old and int(row.tries) >= PATIENT_TRIES
