"""What support needs of a workflow's history: its steps with their tries and failures, its waits, and what it was told.

It is the same whether it is read from Temporal or from what was kept when Temporal forgot (relay/histories.py).
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client, WorkflowHistory

# How a workflow ends, by the attributes of its last event; a run that goes on as another one has not ended.
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
"""The marker of a step on our own database; other markers, such as that of a patch, are no step."""
WAIT_ENDS = {"timer_fired_event_attributes": "over", "timer_canceled_event_attributes": "not needed"}


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing in a workflow's life. `kind` is step, wait, signal, update or end; `outcome` is empty while it lasts.

    `summary` is what the Temporal UI shows of it; `seconds` how long it took with all its tries, None where that is not
    known; `failure` what the last try that failed said.
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
    """Everything that happened to a workflow, over all its runs; each call may take `rpc_timeout`.

    RPCError with NOT_FOUND once Temporal has forgotten it.
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
    """What happened in one run, in the order in which it began.

    Steps on our own database stand where they ended.
    """
    told: dict[int, Happening] = {}
    for event in history.events:
        attributes = event.WhichOneof("attributes") or ""
        if attributes in BEGIN and _is_told(event):
            told[event.event_id] = BEGIN[attributes](event)
        elif attributes == "activity_task_started_event_attributes":
            tried = event.activity_task_started_event_attributes
            begun = told[tried.scheduled_event_id]
            told[tried.scheduled_event_id] = replace(
                begun, attempts=tried.attempt, failure=tried.last_failure.message or begun.failure
            )
        elif attributes in STEP_ENDS:
            body = getattr(event, attributes)
            told[body.scheduled_event_id] = _ended(told[body.scheduled_event_id], event, STEP_ENDS[attributes])
        elif attributes in WAIT_ENDS:
            began = getattr(event, attributes).started_event_id
            told[began] = _ended(told[began], event, WAIT_ENDS[attributes])
    return list(told.values())


def has_ended(told: Iterable[Happening]) -> bool:
    return any(happening.kind == "end" for happening in told)


def _is_told(event: HistoryEvent) -> bool:
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
    """A step on our own database, which is one event: when it ended is known, and not how long it took."""
    marker = event.marker_recorded_event_attributes
    said = json.loads(marker.details["data"].payloads[0].data)
    return Happening(
        _at(event.event_time),
        "step",
        said["activity_type"],
        _summary(event),
        "failed" if marker.HasField("failure") else "done",
        said["attempt"],
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
