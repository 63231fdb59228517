"""Learn the lead times every night: one step, so that the Temporal UI shows when it ran and with what result."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.lead_times import LeadTimes, Learned
    from workflows.activity_options import PULL


@workflow.defn
class LeadTimesWorkflow:
    @workflow.run
    async def run(self) -> Learned:
        summary = "learn of the shipments that were delivered"
        learned = await workflow.execute_activity_method(LeadTimes.learn_lead_times, summary=summary, **PULL)
        workflow.set_current_details(f"**lead times version {learned.version}** of {learned.shipments} shipments")
        return learned
