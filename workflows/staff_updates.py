"""What staff may ask of a running order, besides canceling it. Each is an update that may refuse."""

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.holds import Holds, Release
    from activities.reroute import Corrected, Reroute, Rerouting
    from domain.parcel_problems import DECISIONS
    from domain.shortages import ACTIONS
    from domain.status import FulfillmentStatus, OrderStatus
    from workflows.editing import Editing
    from workflows.fulfillment import Fulfillment
    from workflows.messages import (
        AddressAnswer,
        AddressWanted,
        EditAnswer,
        EditWanted,
        Force,
        HoldAnswer,
        HoldRelease,
        ParcelAnswer,
        ParcelDecision,
        Rejection,
        ShortageAnswer,
        ShortageDecision,
        UnmergeAnswer,
        UnmergeRequest,
        VoidAnswer,
        VoidRequest,
    )
    from workflows.order_context import OrderContext
    from workflows.state import OrderOutcome
    from workflows.supply import Supply

NOT_BEGUN = (OrderStatus.RECEIVED, OrderStatus.UNDER_REVIEW, OrderStatus.ACCEPTED)


class StaffUpdates:
    """The updates for staff; OrderWorkflow inherits them."""

    order: OrderContext
    supply: Supply
    editing: Editing
    outcome: OrderOutcome | None

    @workflow.update(description="Release a hold, with who and why")
    async def release_hold(self, release: HoldRelease) -> HoldAnswer:
        wanted = Release(self.order.order_id, release.code, release.actor, release.note)
        return await self._release(wanted, f"release the hold {release.code}")

    @release_hold.validator
    def _may_release(self, release: HoldRelease) -> None:
        if release.code not in self.order.state.holds:
            raise ApplicationError(f"the order has no hold {release.code}", type="NoSuchHold")

    @workflow.update(description="Let the order go on in spite of everything that holds it, with who and why")
    async def force(self, force: Force) -> HoldAnswer:
        wanted = Release(self.order.order_id, "", force.actor, force.note, everything=True)
        return await self._release(wanted, "release all holds by force")

    @force.validator
    def _may_force(self, force: Force) -> None:
        if not self.order.state.holds:
            raise ApplicationError("nothing holds the order", type="NoSuchHold")

    @workflow.update(description="Reject an order on which no work has begun: undo what was done, and pay back")
    async def reject(self, rejection: Rejection) -> str:
        self.order.state.rejection = self.order.state.rejection or rejection
        await workflow.wait_condition(lambda: self.outcome is not None or self.order.state.status not in NOT_BEGUN)
        if self.outcome is None:
            self.order.state.rejection = None
            raise ApplicationError("work has begun on the order: cancel it instead", type="TooLate")
        return self.outcome.outcome

    @reject.validator
    def _may_reject(self, rejection: Rejection) -> None:
        if self.outcome or self.order.state.status not in NOT_BEGUN:
            status = self.outcome.outcome if self.outcome else self.order.state.status
            raise ApplicationError(f"the order is {status}: cancel it instead", type="TooLate")

    @workflow.update(description="Decide what is done about what is short: wait, split, cancel_line or substitute")
    async def decide_shortage(self, decision: ShortageDecision) -> ShortageAnswer:
        shortage = self.supply.shortage
        answer = shortage.ask(decision)
        await workflow.wait_condition(lambda: answer.done() or not shortage.open)
        return answer.result() if answer.done() else ShortageAnswer("nothing is short any more")

    @decide_shortage.validator
    def _may_decide(self, decision: ShortageDecision) -> None:
        if decision.action not in ACTIONS:
            raise ApplicationError(f"{decision.action} is not one of {', '.join(ACTIONS)}", type="NoSuchAction")
        if not self.supply.shortage.open:
            raise ApplicationError("the order waits for no stock", type="NotShort")

    @workflow.update(description="Take the order out of the parcel that it shares with others")
    async def unmerge(self, request: UnmergeRequest) -> UnmergeAnswer:
        done = [await work.leave_merge(request) for work in self.supply.fulfillments if work.shares_parcel]
        return UnmergeAnswer("done" if all(done) else "refused")

    @unmerge.validator
    def _may_unmerge(self, request: UnmergeRequest) -> None:
        if not any(work.shares_parcel for work in self.supply.fulfillments):
            raise ApplicationError("the order shares no parcel that has not left", type="NotMerged")

    @workflow.update(description="Decide what the customer gets instead of a lost or damaged parcel")
    async def decide_parcel(self, decision: ParcelDecision) -> ParcelAnswer:
        work = self._claimed(decision)[0]
        work.state.decision = decision
        await workflow.wait_condition(lambda: work.state.decision is None)
        done = work.state.remedy == decision.action or (work.state.waits and not work.ended)
        return ParcelAnswer() if done else ParcelAnswer("the parcel is no longer on the road")

    @decide_parcel.validator
    def _may_decide_parcel(self, decision: ParcelDecision) -> None:
        if decision.action not in DECISIONS:
            raise ApplicationError(f"{decision.action} is not one of {', '.join(DECISIONS)}", type="NoSuchAction")
        found = self._claimed(decision)
        if len(found) != 1 or found[0].state.decision:
            problem = "several parcels are lost: name the fulfillment order" if len(found) > 1 else "no parcel is lost"
            raise ApplicationError(problem, type="NotLost")

    def _claimed(self, decision: ParcelDecision) -> list[Fulfillment]:
        return [
            work
            for work in self.supply.fulfillments
            if work.state.claimed and not work.ended and decision.fulfillment_order_id in ("", work.name)
        ]

    @workflow.update(description="Send the parcels that are on the road to another address")
    async def correct_address(self, wanted: AddressWanted) -> AddressAnswer:
        answer = AddressAnswer()
        for shipment_id in sorted(self._on_the_road()):
            reroute = Reroute(self.order.order_id, shipment_id, wanted.correction_id)
            summary = "ask the carrier to go to another address"
            agreed = await self.order.steps.call_partner(Rerouting.reroute_parcel, reroute, summary)
            (answer.accepted if agreed else answer.refused).append(shipment_id)
        corrected = Corrected(self.order.order_id, wanted.correction_id, answer.accepted, answer.refused)
        await self.order.steps.run_local(Rerouting.settle_correction, corrected, "keep what the carrier said")
        return answer

    @correct_address.validator
    def _may_correct(self, wanted: AddressWanted) -> None:
        if not self._on_the_road():
            raise ApplicationError("no parcel of the order is on the road", type="NotOnTheRoad")

    def _on_the_road(self) -> set[str]:
        shipped = [work.state for work in self.supply.fulfillments if work.state.status == FulfillmentStatus.SHIPPED]
        return {state.shipment_id for state in shipped if not state.travels_with}

    @workflow.update(description="Make a stored edit: call back what must be, change the order, and send it anew")
    async def edit_order(self, wanted: EditWanted) -> EditAnswer:
        return await self.editing.carry_out(wanted.edit_id)

    @edit_order.validator
    def _may_edit(self, wanted: EditWanted) -> None:
        if self.outcome:
            raise ApplicationError(f"the order is already {self.outcome.outcome}", type="TooLate")
        if not self.order.hears_outcomes:
            raise ApplicationError("the order was begun by an older Baton, which edits no orders", type="TooOld")

    @workflow.update(description="Give a waybill back, and book the parcel anew while it is still here")
    async def void_shipment(self, request: VoidRequest) -> VoidAnswer:
        [work] = [work for work in self.supply.fulfillments if work.state.shipment_id == request.shipment_id]
        return VoidAnswer("done" if await work.booking.void_own(request) else "refused")

    @void_shipment.validator
    def _may_void(self, request: VoidRequest) -> None:
        here = [work.state for work in self.supply.fulfillments if work.state.status == FulfillmentStatus.PACKED]
        if not any(state.shipment_id == request.shipment_id for state in here):
            raise ApplicationError("the parcel is not here any more, or is booked anew already", type="TooLate")

    async def _release(self, wanted: Release, summary: str) -> HoldAnswer:
        self.order.set_holds(await self.order.steps.run_local(Holds.release_hold, wanted, summary))
        return HoldAnswer(self.order.state.holds)
