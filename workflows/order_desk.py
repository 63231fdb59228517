"""What every part of an order's story shares: its state, its undo list, its voice, and how it calls a person."""

from collections.abc import Callable
from typing import Any

from temporalio import workflow
from temporalio.common import SearchAttributeUpdate

with workflow.unsafe.imports_passed_through():
    from activities.holds import Hold, Holds, OpenHolds
    from activities.outcome import Alert, Outcome
    from domain.status import OrderStatus
    from workflows import search_attributes
    from workflows.compensations import UndoList
    from workflows.desk import Desk
    from workflows.house import House
    from workflows.messages import CancelRequest, Rejection
    from workflows.offers import Offers
    from workflows.state import MINDS_CHANGES, OrderInput, OrderState
    from workflows.telling import Telling


class OrderEnds(Exception):
    """The story is over before delivery: canceled, rejected or expired."""

    def __init__(self, status: OrderStatus, reason: str, actor: str = "baton") -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.actor = actor


class OrderDesk:
    def __init__(self, order: OrderInput) -> None:
        self.order_id = order.order_id
        self.deadlines = order.deadlines
        self.state = order.state or OrderState()
        self.minds_changes = order.edition >= MINDS_CHANGES
        self.steps = Desk(self.state.dues, self.alert, self._story)
        self.undo = UndoList(order.order_id, self.state.undo, self.steps, order.deadlines)
        self.telling = Telling(order.order_id, self.steps, self.state.telling)
        self.house = House(
            order.order_id,
            self.steps,
            order.deadlines,
            self.hold,
            self.released,
            self.alert,
            self.cancel,
            self.source_again,
            self.minds_changes,
            self.show,
            self.telling.tell,
        )
        self.calling_back = bool(self.state.wanted)
        """While a return case has its goods called back, nothing new is allocated: it would take them again."""
        self.allocating = False
        """Whether an allocation is under way, whose work is not known here yet."""
        self.offers = Offers()
        self.more_is_missing = False
        """Whether goods were lost to the order since it last looked for stock, also while it waits for others."""
        self._shown: dict[str, object] = {}

    async def alert(self, code: str, subject: str, reason: str) -> None:
        """Ask a person to look; an empty reason says that it is over."""
        key = f"{code} {subject}"
        self.state.attention = [open_ for open_ in self.state.attention if open_ != key] + ([key] if reason else [])
        self.state.reasons.pop(key, None)
        if reason:
            self.state.reasons[key] = reason
        self.show()
        alert = Alert(self.order_id, code, subject, reason, ", ".join(self.state.attention))
        await self.steps.database(Outcome.raise_alert, alert, f"alert: {reason or code + ' is over'}")

    async def hold_until_released(
        self, code: str, reason: str, key: str, stopped: Callable[[], bool] | None = None
    ) -> None:
        """Hold the order under way, and return when a person has released it, or as `released` says."""
        await self.hold(code, reason, key)
        await self.released(code, stopped)

    async def hold(self, code: str, reason: str, key: str) -> None:
        hold = Hold(self.order_id, code, reason, "staff", key)
        self.held_by(await self.steps.database(Holds.raise_hold, hold, f"hold: {reason}"))

    def held_by(self, open_: OpenHolds) -> None:
        """Remember what holds the order now, and show it."""
        self.state.holds, self.state.owners, self.state.holds_expire = open_.codes, open_.owners, open_.expire
        self.show()

    async def released(self, code: str, stopped: Callable[[], bool] | None = None) -> None:
        what, over = f"a person to release the hold {code}", stopped or (lambda: bool(self.state.cancel))
        await self.steps.wait(f"hold {code}", what, lambda: code not in self.state.holds or over())

    def cancel(self, reason: str) -> None:
        self.state.cancel = self.state.cancel or CancelRequest(reason, "baton")

    def source_again(self) -> None:
        self.state.needs_stock = self.more_is_missing = True

    def stop_if_canceled(self) -> None:
        rejection: Rejection | None = self.state.rejection
        if rejection:
            raise OrderEnds(OrderStatus.REJECTED, rejection.reason, rejection.actor)
        cancel: CancelRequest | None = self.state.cancel
        if cancel:
            raise OrderEnds(OrderStatus.CANCELED, cancel.reason, cancel.actor)

    def advance(self, status: str) -> None:
        """Remember where the order stands, and show it. The record was written by the step that brought it there."""
        self.state.status = status
        self.show()

    def _story(self) -> list[str]:
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
        """Bring the search attributes up to date; what has not changed, or was and is empty, costs nothing."""
        now: list[SearchAttributeUpdate[Any]] = [
            search_attributes.ORDER_STATUS.value_set(self.state.status),
            search_attributes.HOLDS.value_set(self.state.holds),
            search_attributes.LOCATIONS.value_set(sorted({work.location_id for work in self.state.fulfillments})),
            search_attributes.WAYBILLS.value_set([work.waybill for work in self.state.fulfillments if work.waybill]),
            search_attributes.NEEDS_ATTENTION.value_set(bool(self.state.attention)),
        ]
        changed = [update for update in now if self._shown.get(update.key.name) != (update.value or None)]
        self._shown = {update.key.name: update.value or None for update in now}
        if changed:
            workflow.upsert_search_attributes(changed)
        self.steps.show()
