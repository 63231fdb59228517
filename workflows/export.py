"""Write a kept export once. Its schedule starts it; while a run is at work, no second one begins."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from temporalio import workflow
from temporalio.common import SearchAttributeKey

with workflow.unsafe.imports_passed_through():
    from activities.exports import ExportRequest, Exports
    from domain.ids import errand_queue
    from workflows.activity_options import EXPORT

SCHEDULED = SearchAttributeKey.for_datetime("TemporalScheduledStartTime")
"""Temporal's own, on each run of a schedule."""


@dataclass(frozen=True)
class ExportInput:
    export_id: str


@workflow.defn
class ExportWorkflow:
    @workflow.run
    async def run(self, start: ExportInput) -> int:
        """Return the size of the file."""
        request = ExportRequest(start.export_id, _due().isoformat(), workflow.info().run_id)
        size: int = await workflow.execute_activity_method(
            Exports.write_export,
            request,
            summary=f"write {start.export_id}",
            task_queue=errand_queue(workflow.info().task_queue),
            **EXPORT,
        )
        return size


def _due() -> datetime:
    """When the schedule wanted the run, however late it began."""
    found: Any = workflow.info().typed_search_attributes.get(SCHEDULED)
    return found or workflow.info().start_time
