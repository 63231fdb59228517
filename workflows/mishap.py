"""A parcel that does not arrive: claim it from the carrier, and give the customer what channel or person decides."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.carrier_claims import CarrierClaims, ParcelTrouble, Remedy
    from activities.shortages import Repayment, Shortages
    from domain.parcel_problems import ASK, DAMAGED, REFUND, REFUSED, WAIT
    from domain.status import FulfillmentStatus
    from workflows.order_context import OrderContext
    from workflows.state import FulfillmentState

POLICY = "policy of the channel"
NOTHING = "cancel"
"""The remedy when nothing is sent instead: the order ends, or a return case pays for the goods."""


class Mishap:
    def __init__(self, order: OrderContext, state: FulfillmentState) -> None:
        self._order = order
        self._state = state
        self._name = state.fulfillment_order_id
        self._decision = f"{self._name} decision"

    async def claim(self, kind: str, *, wanted_back: bool) -> None:
        """Claim the parcel and do what the channel wants, or ask a person. A parcel that is wanted back is given up:
        the cancellation or return case pays for it."""
        self._state.claimed, self._state.waits = kind, False
        summary = f"the parcel is {kind}: claim it of the carrier"
        action = await self._order.steps.run_local(CarrierClaims.take_up, self._trouble(kind), summary)
        if wanted_back:
            await self.give_up()
        elif action == ASK:
            await self._ask(kind)
        else:
            await self._make_good(action, POLICY)

    async def carry_out_decision(self) -> None:
        """Do what a person has decided, if anybody has."""
        decision = self._state.decision
        if decision is None:
            return
        if decision.action == WAIT:
            self._state.waits = True
        else:
            await self._make_good(decision.action, decision.actor)
        await self.clear_alerts()
        self._state.decision = None

    async def give_up(self) -> None:
        """Send nothing instead: the cancellation or return case that wants the parcel back pays."""
        await self._make_good(NOTHING, POLICY)

    async def settle_refused(self) -> bool:
        """Do what the channel wants with a parcel that its receiver refused. False when a person must decide."""
        if self._state.road.trouble != REFUSED:
            return False
        summary = "ask what the channel wants when a parcel is refused"
        action = await self._order.steps.run_local(CarrierClaims.take_up, self._trouble(REFUSED), summary)
        if action == ASK:
            return False
        await self._make_good(action, POLICY)
        return True

    async def clear_alerts(self) -> None:
        """Clear the deadline and alerts: nothing has to be decided any more."""
        await self._order.steps.end_deadline(self._decision)
        for code in ("PARCEL_LOST", "PARCEL_DAMAGED"):
            if code in self._state.alerts:
                self._state.alerts.remove(code)
                await self._order.alert(code, self._name, "")

    async def _ask(self, kind: str) -> None:
        code = "PARCEL_DAMAGED" if kind == DAMAGED else "PARCEL_LOST"
        what = f"the decision about {self._state.waybill}"
        await self._order.steps.reset_deadline(self._decision, "PARCEL_UNDECIDED", what, self._order.deadlines.decision)
        if code not in self._state.alerts:
            self._state.alerts.append(code)
        reason = f"the parcel {self._state.waybill} is {kind}: reship, refund or wait"
        await self._order.alert(code, self._name, reason)

    async def _make_good(self, action: str, actor: str) -> None:
        remedy = Remedy(self._order.order_id, self._name, action, actor)
        settled = await self._order.steps.run_local(CarrierClaims.make_good, remedy, f"instead of the parcel: {action}")
        if not settled.done:
            return
        self._state.remedy, self._state.status = action, FulfillmentStatus.CANCELED
        # Ending the order pays everything back, with the shipping.
        if action == REFUND and settled.repay_minor and not settled.nothing_left:
            await self._repay(settled.repay_minor)

    async def _repay(self, amount_minor: int) -> None:
        repayment = Repayment(self._order.order_id, f"{self._name}:refund:parcel", amount_minor, "the parcel is lost")
        answer = await self._order.steps.call_partner(
            Shortages.repay_lines, repayment, "pay back what was in the parcel"
        )
        if answer.refusal:
            reason = f"the refund of a parcel was refused: {answer.refusal}"
            await self._order.alert("REFUND_REFUSED", self._name, reason)

    def _trouble(self, kind: str) -> ParcelTrouble:
        return ParcelTrouble(self._order.order_id, self._name, kind)
