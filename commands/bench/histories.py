"""What Temporal keeps of orders that have ended."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client, WorkflowHandle

CLOSED_WITHIN = timedelta(minutes=1)
LOCAL = "core_local_activity"
KINDS = {
    EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED: "workflow_tasks",
    EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED: "activities",
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED: "signals",
    EventType.EVENT_TYPE_TIMER_STARTED: "timers",
    EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES: "upserts",
}
NAMES = ("history_events", "history_bytes", "local_activities", *KINDS.values())


async def read_histories(client: Client, workflows: Sequence[str]) -> dict[str, float]:
    """Wait until these workflows have ended, and return the mean of each of NAMES."""
    found: Counter[str] = Counter()
    for name in workflows:
        handle = client.get_workflow_handle(name)
        await handle.result(rpc_timeout=CLOSED_WITHIN)
        found.update(await _history(handle))
    return {name: round(found[name] / len(workflows), 2) for name in NAMES}


async def _history(handle: WorkflowHandle[Any, Any]) -> Counter[str]:
    history, description = await handle.fetch_history(), await handle.describe()
    found = Counter(kind for event in history.events if (kind := _kind(event)))
    found["history_events"] = len(history.events)
    found["history_bytes"] = description.raw_description.workflow_execution_info.history_size_bytes
    return found


def _kind(event: HistoryEvent) -> str | None:
    if event.event_type == EventType.EVENT_TYPE_MARKER_RECORDED:
        return "local_activities" if event.marker_recorded_event_attributes.marker_name == LOCAL else None
    return KINDS.get(event.event_type)
