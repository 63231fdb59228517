"""Settle money that came after its order had ended: ask the gateway for as long as it takes, and pay back what is due.

The relay starts a run when it hears of such money; its workflow id keeps a second run from starting beside it.
"""

from dataclasses import dataclass

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.notify import Notify, NotifyRequest
    from activities.settlement import Settlement
    from workflows.activity_options import MESSAGE, PARTNER


@dataclass(frozen=True)
class SettlementInput:
    order_id: str


@workflow.defn
class SettlementWorkflow:
    @workflow.run
    async def run(self, start: SettlementInput) -> str:
        """Return what was paid back, or why the gateway refused; empty when nothing was due."""
        settled = await workflow.execute_activity_method(
            Settlement.settle_payment,
            start.order_id,
            summary="ask the gateway what was captured, and pay back what is due",
            **PARTNER,
        )
        if settled.refunded:
            request = NotifyRequest(start.order_id)
            await workflow.execute_activity_method(Notify.notify, request, summary="tell that it went back", **MESSAGE)
        return settled.refunded or settled.refusal
