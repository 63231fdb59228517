"""Applies partners' reports to the record, for many orders at once, and wakes those that act on them.

Orders of older editions apply the reports themselves (docs/decisions/editions.md).
"""

import asyncio
from collections import defaultdict
from collections.abc import Container, Sequence
from typing import NamedTuple

from sqlalchemy.exc import OperationalError
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from domain.editions import HEARS_OUTCOMES
from domain.ids import number_of
from models.database import Sessions
from record.parameters import ParameterCache
from record.shipping.progress import Event, NotPlain, Progress, Reports, for_signal, relay_reports
from relay.isolation import Isolation, is_row_at_fault
from relay.rows import Waiting, key_of
from settings import Settings
from workflows.messages import News

ABOUT_WORK = ("fulfillment_order.", "shipment.", "waybill.")


class Carried(NamedTuple):
    """The sequence numbers of webhooks that are not done, for one order at least, and of those marked already."""

    missed: set[int]
    marked: set[int]


class _About(NamedTuple):
    """Webhooks about one fulfillment order, oldest first."""

    workflow_id: str
    reports: Reports
    waiting: list[Waiting]

    @property
    def keys(self) -> list[str]:
        return [key_of(one.event) for one in self.waiting]

    def one_by_one(self) -> "list[_About]":
        order_id, name, events = self.reports.order_id, self.reports.fulfillment_order_id, self.reports.events
        pairs = zip(events, self.waiting, strict=True)
        return [_About(self.workflow_id, Reports(order_id, name, [event]), [one]) for event, one in pairs]


def is_applied_here(waiting: Waiting) -> bool:
    """True if the webhook is about work of an open order that has its reports applied by the relay."""
    order, about_work = waiting.order, waiting.event.type.startswith(ABOUT_WORK)
    return order.edition >= HEARS_OUTCOMES and order.ended_at is None and waiting.case_id is None and about_work


class ReportJob:
    def __init__(self, sessions: Sessions, client: Client, settings: Settings, cache: ParameterCache) -> None:
        self._sessions = sessions
        self._client = client
        self._rpc_timeout = settings.rpc_timeout
        self._cache = cache
        self._isolation = Isolation(sessions)

    async def carry(self, waiting: Sequence[Waiting], alone: Container[int]) -> Carried:
        """Apply these webhooks and signal the orders that act on them. Those whose sequence number is in `alone` are
        for one order only, and are marked as relayed by the transaction that applies them if they wake nobody."""
        about = _by_work(waiting)
        applied = await self._apply(about, {one.key for one in waiting if one.sequence in alone}) if about else []
        news: dict[str, dict[str, Progress]] = defaultdict(dict)
        for one, progress in applied:
            if progress:
                news[one.workflow_id][number_of(one.reports.fulfillment_order_id)] = for_signal(progress)
        signals = await asyncio.gather(*(self._signal(workflow_id, about, news[workflow_id]) for workflow_id in news))
        lost = {workflow_id for workflow_id, taken in zip(news, signals, strict=True) if not taken}
        done = {id(each) for one, _ in applied if one.workflow_id not in lost for each in one.waiting}
        quiet = {each.sequence for one, progress in applied if progress is None for each in one.waiting}
        missed = {one.sequence for one in waiting if id(one) not in done}
        return Carried(missed, {sequence for sequence in quiet if sequence in alone})

    async def _apply(self, about: Sequence[_About], alone: Container[Event]) -> list[tuple[_About, Progress | None]]:
        """Apply all in one transaction; if that cannot be, by fulfillment order, and at last each webhook alone."""
        try:
            answers = await asyncio.to_thread(self._commit, [one.reports for one in about], alone)
            return list(zip(about, answers, strict=True))
        except Exception as error:
            smaller = _smaller(about, error)
            if len(smaller) == 1 or not (isinstance(error, NotPlain | OperationalError) or is_row_at_fault(error)):
                await self._isolation.attempt("event", [key for one in about for key in one.keys], _fail(error))
                return []
        return [answer for part in smaller if part for answer in await self._apply(part, alone)]

    def _commit(self, reports: Sequence[Reports], alone: Container[Event]) -> list[Progress | None]:
        with self._sessions.begin() as session:
            return relay_reports(session, self._cache, reports, alone)

    async def _signal(self, workflow_id: str, about: Sequence[_About], progress: dict[str, Progress]) -> bool:
        keys = [key for one in about if one.workflow_id == workflow_id for key in one.keys]
        return bool(await self._isolation.attempt("event", keys, self._wake(workflow_id, News(progress))))

    async def _wake(self, workflow_id: str, news: News) -> bool:
        handle = self._client.get_workflow_handle(workflow_id)
        try:
            await handle.signal("progressed", news, rpc_timeout=self._rpc_timeout)
        except RPCError as trouble:
            # An operator has ended the workflow: the record knows what happened to the goods.
            if trouble.status != RPCStatusCode.NOT_FOUND:
                raise
        return True


def _by_work(waiting: Sequence[Waiting]) -> list[_About]:
    found: dict[str, _About] = {}
    for one in sorted(waiting, key=lambda one: one.sequence):
        name = one.event.subject
        about = found.setdefault(name, _About(one.workflow_id, Reports(one.order.order_id, name), []))
        about.reports.events.append((one.event.partner, one.event.event_id))
        about.waiting.append(one)
    return list(found.values())


def _smaller(about: Sequence[_About], error: Exception) -> list[list[_About]]:
    """Divide webhooks that could not be applied in one transaction."""
    if isinstance(error, NotPlain):
        special = [one for one in about if one.reports.fulfillment_order_id in error.names]
        return [[one for one in about if one not in special], *([one] for one in special)]
    if len(about) > 1:
        return [[one] for one in about]
    return [[one] for one in about[0].one_by_one()]


async def _fail(error: Exception) -> None:
    raise error
