"""The undo list: register before acting, run in reverse. An entry is data, so it survives continue-as-new."""

from collections.abc import Awaitable, Callable
from typing import Any

from temporalio import workflow
from temporalio.exceptions import FailureError

with workflow.unsafe.imports_passed_through():
    from activities.allocate import Allocate
    from activities.payments import Refunds
    from activities.pick import Pick
    from activities.reserve import Reserve
    from activities.ship import Ship
    from domain.undo import Undone, UndoRequest
    from workflows.messages import OrderDeadlines
    from workflows.state import Undo
    from workflows.step_runner import StepRunner, why

UndoStep = Callable[[Any, UndoRequest], Undone]

# By step: its undo, whether that calls a partner, and what support staff read about it.
UNDO: dict[str, tuple[UndoStep, bool, str]] = {
    "payment": (Refunds.refund_order, True, "refund what was paid"),
    "reservation": (Reserve.release_stock, False, "release the reserved stock"),
    "allocation": (Allocate.deallocate_stock, False, "give back the allocated stock"),
    "pick": (Pick.recall_pick, True, "call the pick back"),
    "waybill": (Ship.void_waybill, True, "void the waybill"),
}


class UndoList:
    """What has to be undone, newest last. An undo is retried until it works; a late one alerts a person."""

    def __init__(self, order_id: str, entries: list[Undo], steps: StepRunner, deadlines: OrderDeadlines) -> None:
        self._order_id = order_id
        self._entries = entries
        self._steps = steps
        self._deadlines = deadlines

    def add(self, step: str, subject: str) -> None:
        """Call it before the step: an undo does nothing when nothing was done."""
        if not any(entry.step == step and entry.subject == subject for entry in self._entries):
            self._entries.append(Undo(step, subject))

    def forget(self, step: str) -> None:
        """Drop the undo: the effect of the step stays."""
        self._entries[:] = [entry for entry in self._entries if entry.step != step]

    def has(self, step: str) -> bool:
        return any(entry.step == step for entry in self._entries)

    async def run(self, reason: str) -> None:
        """Undo everything in reverse. Where a partner refuses, alert a person and go on with the rest."""
        while self._entries:
            entry = self._entries[-1]
            undone = await self._undo(entry, reason)
            if not undone.done:
                await self._alert_refusal(entry, undone.detail)
            self._entries.pop()

    async def run_while_possible(self, reason: str) -> bool:
        """Undo in reverse until something can no longer be undone. True if everything is."""
        while self._entries:
            if not (await self._undo(self._entries[-1], reason)).done:
                return False
            self._entries.pop()
        return True

    async def _undo(self, entry: Undo, reason: str) -> Undone:
        step, calls_partner, words = UNDO[entry.step]
        who = f"undo {entry.step} {entry.subject}"
        run: Callable[[UndoStep, UndoRequest, str], Awaitable[Undone]]
        run = self._steps.call_partner if calls_partner else self._steps.run_local
        self._steps.set_deadline(who, "UNDO_FAILS", words, self._deadlines.attention)
        try:
            undone = await run(step, UndoRequest(self._order_id, entry.subject, reason), f"undo: {words}")
        except FailureError as error:
            undone = Undone(done=False, detail=why(error))
        await self._steps.end_deadline(who)
        return undone

    async def _alert_refusal(self, entry: Undo, detail: str) -> None:
        words = UNDO[entry.step][2]
        await self._steps.alert("UNDO_REFUSED", entry.subject, f"cannot {words}: {detail}")
