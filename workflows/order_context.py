"""What all parts of an order share: its state and undo list, its steps and deadlines, its holds and alerts."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

from temporalio import workflow
from temporalio.common import SearchAttributeUpdate

with workflow.unsafe.imports_passed_through():
    from activities.holds import Hold, Holds, OpenHolds
    from activities.outcome import Alert, Outcome
    from domain.editions import HEARS_OUTCOMES, MINDS_CHANGES
    from domain.status import UNDONE, OrderStatus
    from workflows import search_attributes
    from workflows.compensations import UndoList
    from workflows.messages import CancelRequest, Rejection
    from workflows.notifier import Notifier
    from workflows.offers import Offers
    from workflows.state import OrderInput, OrderState
    from workflows.step_runner import StepRunner


class OrderEnds(Exception):
    """The order ends before its delivery: canceled, rejected or expired."""

    def __init__(self, status: OrderStatus, reason: str, actor: str = "baton") -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.actor = actor


class OrderContext:
    """One for each order workflow; every part of the order gets it."""

    def __init__(self, start: OrderInput) -> None:
        self.order_id, self.channel = start.order_id, start.channel
        self.deadlines = start.deadlines
        self.state = start.state or OrderState()
        self.minds_changes = start.edition >= MINDS_CHANGES
        """Whether it reacts to what changes while a step is under way (domain/editions.py)."""
        self.hears_outcomes = start.edition >= HEARS_OUTCOMES
        """Whether the relay applies partners' reports and signals their outcomes (record/shipping/progress.py)."""
        self.steps = StepRunner(self.state.dues, self.alert, self._details, one_timer=self.hears_outcomes)
        self.undo = UndoList(start.order_id, self.state.undo, self.steps, start.deadlines)
        self.notifier = Notifier(start.order_id, self.steps, self.state.telling, self.hears_outcomes)
        self.calling_back = bool(self.state.wanted)
        """True while goods are called back for a return case: an allocation would claim them again."""
        self.allocating = self.state.allocated
        """True while an allocation runs, whose fulfillment orders are not known here yet."""
        self.editing = False
        """True while an edit is made: what it calls back is sent in its new form."""
        self.repaying = 0
        """How many edits have their difference paid back just now."""
        self.ending = False
        """True once nothing but its end is left of the order."""
        self.taking_out = bool(self.state.shipped_elsewhere)
        """True while goods are taken out that the channel has shipped itself: an allocation would claim them again."""
        self.offers = Offers()
        self.more_is_missing = False
        """True when goods fell away since the order last looked for stock, also while it waits for other goods."""
        self._alerting = asyncio.Lock()
        self._shown: dict[str, object] = {}

    async def alert(self, code: str, subject: str, reason: str) -> None:
        """Ask a person to look; an empty reason clears the alert."""
        key = f"{code} {subject}"
        self.state.attention = [open_ for open_ in self.state.attention if open_ != key] + ([key] if reason else [])
        self.state.reasons.pop(key, None)
        if reason:
            self.state.reasons[key] = reason
        self.show()
        # One after the other, so that the record shows the newest.
        async with self._alerting if self.hears_outcomes else nullcontext():
            alert = Alert(self.order_id, code, subject, reason, ", ".join(self.state.attention))
            await self.steps.run_local(Outcome.raise_alert, alert, f"alert: {reason or code + ' is over'}")

    async def hold_until_released(
        self, code: str, reason: str, key: str, stopped: Callable[[], bool] | None = None
    ) -> None:
        """Hold the order, then `wait_for_release`."""
        await self.hold(code, reason, key)
        await self.wait_for_release(code, stopped)

    async def hold(self, code: str, reason: str, key: str, owner: str = "staff") -> None:
        """Raise a hold, once for each key."""
        hold = Hold(self.order_id, code, reason, owner, key)
        self.set_holds(await self.steps.run_local(Holds.raise_hold, hold, f"hold: {reason}"))

    def set_holds(self, open_: OpenHolds) -> None:
        """Take over and show the holds that are open now."""
        self.state.holds, self.state.owners, self.state.holds_expire = open_.codes, open_.owners, open_.expire
        self.show()

    async def wait_for_release(self, code: str, stopped: Callable[[], bool] | None = None) -> None:
        """Return when the order has no such hold, or `stopped()` is true; by default, when it is to be canceled."""
        what, over = f"a person to release the hold {code}", stopped or (lambda: bool(self.state.cancel))
        await self.steps.wait(f"hold {code}", what, lambda: code not in self.state.holds or over())

    def cancel(self, reason: str) -> None:
        """End the order as if somebody had canceled it. The caller stops what is under way."""
        self.state.cancel = self.state.cancel or CancelRequest(reason, "baton")

    def source_again(self) -> None:
        """Say that goods are missing which another location may have."""
        self.state.needs_stock = self.more_is_missing = True

    def learn_elsewhere(self, units: int, nothing_to_send: bool, not_left: int) -> None:
        """Take over what the channel ships itself, and drop a cancel that is not possible any more."""
        self.state.elsewhere, self.state.nothing_to_send, self.state.not_left = units, nothing_to_send, not_left
        if self.state.cancel and self.refuses_cancel(self.state.cancel):
            self.state.cancel = None

    def refuses_cancel(self, cancel: CancelRequest) -> str:
        """Return why the order is not canceled, or an empty text. What the channel ships itself only the channel
        cancels, and only until it leaves."""
        state = self.state
        if not state.elsewhere or state.fulfillments:
            return ""
        if state.not_left < state.elsewhere:
            return "the channel has shipped it itself: ask for a return"
        return "" if cancel.actor == self.channel else "the channel ships it itself: cancel it there"

    def stop_if_canceled(self) -> None:
        """Raise OrderEnds if the order is to be rejected or canceled."""
        rejection: Rejection | None = self.state.rejection
        if rejection:
            raise OrderEnds(OrderStatus.REJECTED, rejection.reason, rejection.actor)
        cancel: CancelRequest | None = self.state.cancel
        if cancel:
            raise OrderEnds(OrderStatus.CANCELED, cancel.reason, cancel.actor)

    def advance(self, status: str) -> None:
        """Take over and show the status, which the step before has already written to the record."""
        self.state.status = status
        self.show()

    def _details(self) -> list[str]:
        state = self.state
        lines = [f"order {self.order_id} is {state.status}"]
        lines += [f"needs a person: {key}: {state.reasons.get(key, '')}" for key in state.attention]
        lines += [f"held by {code} ({state.owners.get(code, 'staff')}) until it is released" for code in state.holds]
        if state.sourced:
            lines.append(f"sourced {state.sourced}")
        if travels_with := sorted({other for work in state.fulfillments for other in work.travels_with}):
            lines.append(f"shares a parcel with {', '.join(travels_with)}")
        return lines

    def show(self) -> None:
        """Update the search attributes that have changed, and the details in the Temporal UI."""
        now: list[SearchAttributeUpdate[Any]] = [
            search_attributes.ORDER_STATUS.value_set(self.state.status),
            search_attributes.HOLDS.value_set(self.state.holds),
            search_attributes.LOCATIONS.value_set(sorted({work.location_id for work in self.state.fulfillments})),
            search_attributes.WAYBILLS.value_set([work.waybill for work in self.state.fulfillments if work.waybill]),
            search_attributes.NEEDS_ATTENTION.value_set(bool(self.state.attention)),
        ]
        changed = [update for update in now if self._shown.get(update.key.name) != (update.value or None)]
        if changed and self._must_be_found_by(changed):
            self._shown = {update.key.name: update.value or None for update in now}
            workflow.upsert_search_attributes(changed)
        self.steps.show()

    def _must_be_found_by(self, changed: Sequence[SearchAttributeUpdate[Any]]) -> bool:
        """True if support looks for what has changed: who waits and why, its waybill, a review, or an end without
        delivery.

        An upsert is the dearest thing that an order does to a Temporal cluster, and what changes at every step is
        searched for in the record."""
        if not self.hears_outcomes:
            return True
        quiet = {search_attributes.ORDER_STATUS.name, search_attributes.LOCATIONS.name}
        statuses = {self.state.status, self._shown.get(search_attributes.ORDER_STATUS.name)}
        unusual = bool(statuses & {OrderStatus.UNDER_REVIEW, *UNDONE})
        return unusual or not {update.key.name for update in changed} <= quiet
