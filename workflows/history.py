"""What support reads of a workflow's history: its steps with attempts and failures, its waits, signals and updates.

The history comes from Temporal, or from the copy that outlives its retention there (relay/histories.py).
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client, WorkflowHistory

# Outcomes by the attributes of the last event. A run that continues as new has not ended.
ENDS = {
    "workflow_execution_completed_event_attributes": "completed",
    "workflow_execution_failed_event_attributes": "failed",
    "workflow_execution_timed_out_event_attributes": "timed out",
    "workflow_execution_terminated_event_attributes": "terminated",
    "workflow_execution_canceled_event_attributes": "canceled",
}
STEP_ENDS = {
    "activity_task_completed_event_attributes": "done",
    "activity_task_failed_event_attributes": "failed",
    "activity_task_timed_out_event_attributes": "timed out",
    "activity_task_canceled_event_attributes": "canceled",
}
STEP_MARKER = "core_local_activity"
"""The marker of a local activity; other markers, such as that of a patch, are no steps."""
WAIT_ENDS = {"timer_fired_event_attributes": "over", "timer_canceled_event_attributes": "not needed"}


@dataclass(frozen=True, slots=True)
class Happening:
    """One event in a workflow's life. `kind` is step, wait, signal, update or end; `outcome` is empty while it lasts.

    `summary` is what the Temporal UI shows; `seconds` counts all attempts and is None if unknown; `failure` is the
    message of the last failed attempt.
    """

    at: datetime
    kind: str
    name: str
    summary: str = ""
    outcome: str = ""
    attempts: int = 1
    seconds: float | None = None
    failure: str = ""


async def fetch_happenings(client: Client, workflow_id: str, rpc_timeout: timedelta) -> list[Happening]:
    """Return everything that happened to a workflow in all its runs; each call may take `rpc_timeout`.

    Raises RPCError with NOT_FOUND after Temporal's retention.
    """
    run_id, runs = "", []
    while True:
        run = client.get_workflow_handle(workflow_id, run_id=run_id or None)
        history = await run.fetch_history(rpc_timeout=rpc_timeout)
        runs.append(history)
        run_id = history.events[0].workflow_execution_started_event_attributes.continued_execution_run_id
        if not run_id:
            return [happening for run in reversed(runs) for happening in happenings(run)]


def happenings(history: WorkflowHistory) -> list[Happening]:
    """Return what happened in one run, in order of beginning; local steps in order of ending."""
    found: dict[int, Happening] = {}
    for event in history.events:
        attributes = event.WhichOneof("attributes") or ""
        if attributes in BEGIN and _is_shown(event):
            found[event.event_id] = BEGIN[attributes](event)
        elif attributes == "activity_task_started_event_attributes":
            started = event.activity_task_started_event_attributes
            begun = found[started.scheduled_event_id]
            found[started.scheduled_event_id] = replace(
                begun, attempts=started.attempt, failure=started.last_failure.message or begun.failure
            )
        elif attributes in STEP_ENDS:
            body = getattr(event, attributes)
            found[body.scheduled_event_id] = _ended(found[body.scheduled_event_id], event, STEP_ENDS[attributes])
        elif attributes in WAIT_ENDS:
            began = getattr(event, attributes).started_event_id
            found[began] = _ended(found[began], event, WAIT_ENDS[attributes])
    return list(found.values())


def has_ended(found: Iterable[Happening]) -> bool:
    return any(happening.kind == "end" for happening in found)


def _is_shown(event: HistoryEvent) -> bool:
    marker = event.marker_recorded_event_attributes.marker_name
    return not marker or marker == STEP_MARKER


def _ended(begun: Happening, event: HistoryEvent, outcome: str) -> Happening:
    body = getattr(event, event.WhichOneof("attributes") or "")
    failure = body.failure.message if outcome in ("failed", "timed out") else begun.failure
    seconds = (_at(event.event_time) - begun.at).total_seconds()
    return replace(begun, outcome=outcome, seconds=round(seconds, 3), failure=failure)


def _step(event: HistoryEvent) -> Happening:
    return Happening(
        _at(event.event_time),
        "step",
        event.activity_task_scheduled_event_attributes.activity_type.name,
        _summary(event),
    )


def _local_step(event: HistoryEvent) -> Happening:
    """A local step is one event: it shows when the step ended, not how long it took."""
    marker = event.marker_recorded_event_attributes
    local = json.loads(marker.details["data"].payloads[0].data)
    return Happening(
        _at(event.event_time),
        "step",
        local["activity_type"],
        _summary(event),
        "failed" if marker.HasField("failure") else "done",
        local["attempt"],
        failure=marker.failure.message,
    )


def _wait(event: HistoryEvent) -> Happening:
    limit = event.timer_started_event_attributes.start_to_fire_timeout.ToTimedelta()
    return Happening(_at(event.event_time), "wait", f"at most {limit}", _summary(event))


def _signal(event: HistoryEvent) -> Happening:
    signal = event.workflow_execution_signaled_event_attributes
    return Happening(_at(event.event_time), "signal", signal.signal_name, outcome="taken")


def _update(event: HistoryEvent) -> Happening:
    asked = event.workflow_execution_update_accepted_event_attributes.accepted_request
    return Happening(_at(event.event_time), "update", asked.input.name, outcome="accepted")


def _end(event: HistoryEvent) -> Happening:
    attributes = event.WhichOneof("attributes") or ""
    failure = getattr(event, attributes).failure.message if attributes.startswith("workflow_execution_failed") else ""
    return Happening(_at(event.event_time), "end", "workflow", outcome=ENDS[attributes], failure=failure)


BEGIN: Mapping[str, Callable[[HistoryEvent], Happening]] = {
    "activity_task_scheduled_event_attributes": _step,
    "marker_recorded_event_attributes": _local_step,
    "timer_started_event_attributes": _wait,
    "workflow_execution_signaled_event_attributes": _signal,
    "workflow_execution_update_accepted_event_attributes": _update,
    **dict.fromkeys(ENDS, _end),
}


def _summary(event: HistoryEvent) -> str:
    summary = event.user_metadata.summary.data
    return str(json.loads(summary)) if summary else ""


def _at(stamp: Timestamp) -> datetime:
    return stamp.ToDatetime(UTC)
