"""What partners report about one fulfillment order: taken over into its state, each report once."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.progress import ProgressReports
    from domain.milestones import SHIPPED
    from domain.status import FULFILLMENT, FulfillmentStatus, is_final
    from record.shipping.progress import SILENCES, Progress, Reports, with_known
    from workflows.messages import PartnerEvent
    from workflows.order_context import OrderContext
    from workflows.state import FulfillmentState

Status = FulfillmentStatus
GONE = (Status.SHIPPED, Status.DELIVERED)


class WorkReports:
    """`heard()` is called after each report that was taken over."""

    def __init__(self, order: OrderContext, state: FulfillmentState, heard: Callable[[], Awaitable[None]]) -> None:
        self.order = order
        self.state = state
        self.name = state.fulfillment_order_id
        self._heard = heard

    @property
    def waiting(self) -> bool:
        """True if anything came that is not taken over yet."""
        return bool(self.state.inbox or self.state.news)

    def hear(self, progress: Progress) -> None:
        """Take a signal of the relay, unless it is older than the last one."""
        if progress.number >= self.state.heard:
            self.state.heard = progress.number
            self.state.news.append(progress)

    async def record(self) -> None:
        """Take over what the relay has signaled; in older editions, apply the reports that it has passed on."""
        if self.state.inbox:
            events: list[PartnerEvent] = list(self.state.inbox)
            self.state.inbox.clear()
            names = ", ".join(dict.fromkeys(event.type.partition(".")[2] for event in events))
            reports = Reports(self.order.order_id, self.name, [(event.partner, event.event_id) for event in events])
            progress = await self.order.steps.run_local(ProgressReports.record_progress, reports, f"record: {names}")
            await self._take(progress, [event.type for event in events])
        while self.state.news:
            progress = self.state.news.pop(0)
            if self._is_outdated(progress):
                await self.look(progress)
            else:
                known = with_known(progress, self.state.picked_units, self.state.shipment_id)
                await self._take(known, progress.reported)

    async def look(self, *signaled: Progress) -> None:
        """Take over what the record knows now, and from signals that are no newer what only they tell."""
        reports = Reports(self.order.order_id, self.name)
        summary = f"look how far {self.name} is"
        now = await self.order.steps.run_local(ProgressReports.record_progress, reports, summary)
        older = [*signaled, *(one for one in self.state.news if one.number <= now.number)]
        self.state.news = [one for one in self.state.news if one.number > now.number]
        refused = any(one.interception_refused for one in older)
        now = replace(now, interception_refused=now.interception_refused or refused)
        await self._take(now, [name for one in older for name in one.reported])

    async def when_due(self) -> datetime:
        """Return when its parcel will have been silent for too long, by the newest report in the record."""
        reports = Reports(self.order.order_id, self.name)
        summary = f"look for news of {self.state.waybill}"
        road = (await self.order.steps.run_local(ProgressReports.record_progress, reports, summary)).road
        return datetime.fromtimestamp(road.heard_at, UTC) + timedelta(seconds=road.patience)

    async def alert_silence(self, why: str) -> None:
        """Alert a person that a partner stays silent; an empty `why` clears the alert."""
        if why != self.state.silent:
            self.state.silent = why
            await self.order.alert("PARTNER_SILENT", self.name, why and f"{self.state.location_id}: {why}")

    def _is_outdated(self, progress: Progress) -> bool:
        """True if it was released, booked, voided, merged or ended since: then the record knows better."""
        if _is_final(self.state.status) and not _is_final(progress.status):
            return True
        released = progress.status == Status.OPEN != self.state.status
        return released or (progress.waybill, progress.merge_id) != (self.state.waybill, self.state.merge_id)

    async def _take(self, progress: Progress, reported: Sequence[str]) -> None:
        """Take over how far it is, and alert a person where one is needed."""
        self._update(progress)
        if progress.parcels_differ != self.state.parcels_differ:
            # A corrected report clears the alert.
            self.state.parcels_differ = progress.parcels_differ
            await self.order.alert("PARCELS_DIFFER", self.name, self.state.parcels_differ)
        await self.alert_silence(next((SILENCES[name] for name in reported if name in SILENCES), ""))
        await self._heard()

    def _update(self, progress: Progress) -> None:
        has_left = self.state.status not in GONE and progress.status in GONE
        reached_milestone = has_left or progress.status == Status.DELIVERED
        self.state.heard = max(self.state.heard, progress.number)
        self.state.status, self.state.tracking = progress.status, progress.tracking
        self.state.picked_units, self.state.pickup_locked = progress.picked_units, progress.pickup_locked
        self.state.shipment_id, self.state.waybill = progress.shipment_id, progress.waybill
        self.state.merge_id, self.state.travels_with = progress.merge_id, progress.others
        attempts, self.state.road = self.state.road.attempts, progress.road
        if progress.short_units > self.state.short_units:
            self.state.short_units = progress.short_units
            self.order.source_again()
        if progress.interception_refused:
            self.state.interception = "refused"
        if self.state.road.attempts > attempts:
            self.order.notifier.wake()
        elif reached_milestone:
            # What a customer fetches is not announced as shipped.
            self.order.notifier.wake(None if self.state.pickup else [SHIPPED] if has_left else [])


def _is_final(status: str) -> bool:
    return is_final(FULFILLMENT, Status(status))
