"""Recorded histories, one an outcome, replay on today's code: orders under way survive an upgrade.

They replay in Temporal's sandbox, which finds what is not deterministic; all other tests run as orders do, without.
"""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.client import WorkflowHistory
from temporalio.converter import DefaultPayloadConverter
from temporalio.worker import Replayer

from domain.editions import EDITION
from domain.returns.requests import RefundReturnRequest
from workflows.order import OrderWorkflow
from workflows.returns import ReturnWorkflow

HISTORIES = sorted(Path(__file__).parents[1].joinpath("histories").rglob("*.json"))
NEWEST = [path for path in HISTORIES if path.parent.name == f"edition-{EDITION}"]
PERSONAL = ("Lin Xia", "13800138000", "Lake Road", "深圳")


@pytest.mark.parametrize("histories", [HISTORIES, NEWEST], ids=["all", "newest"])
def test_there_is_a_history_for_each_outcome(histories: list[Path]) -> None:
    assert {path.stem for path in histories} >= {"completed", "canceled", "expired", "return-closed", "return-rejected"}


def test_an_order_that_goes_well_writes_little_history() -> None:
    # The price of an order is what it writes: see docs/decisions/outcomes.md.
    [path] = [path for path in NEWEST if path.stem == "completed"]
    history = read(path)

    kinds = Counter(event.WhichOneof("attributes") for event in history.events)
    assert len(history.events) <= 40
    assert kinds["upsert_workflow_search_attributes_event_attributes"] <= 1
    assert kinds["workflow_execution_signaled_event_attributes"] <= 3
    assert kinds["timer_started_event_attributes"] <= 1


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: f"{path.parent.name}/{path.stem}")
async def test_a_recorded_history_replays(path: Path) -> None:
    history = read(path)

    await Replayer(workflows=[OrderWorkflow, ReturnWorkflow]).replay_workflow(history)


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_history_names_nobody(path: Path) -> None:
    history = read(path)

    said = " ".join(payload.data.decode(errors="replace") for payload in payloads(history)) + path.read_text()
    assert not [word for word in PERSONAL if word in said or json.dumps(word)[1:-1] in said]


def test_a_refund_that_an_older_worker_asked_for_keeps_its_gateway_key() -> None:
    # given what was waiting in Temporal when its worker was upgraded
    asked = b'{"actor":"baton","reason":"at_approval","return_id":"R-1","value":"2"}'
    payload = Payload(metadata={"encoding": b"json/plain"}, data=asked)

    # when
    [request] = DefaultPayloadConverter().from_payloads([payload], [RefundReturnRequest])

    # then
    assert (request.attempt, request.moment) == (2, "at_approval")


def test_an_older_worker_can_read_a_refund_that_is_asked_for_today() -> None:
    # when
    [payload] = DefaultPayloadConverter().to_payloads([RefundReturnRequest("R-1", 2, "at_approval")])

    # then
    assert json.loads(payload.data).items() >= {"value": "2", "reason": "at_approval"}.items()


def read(path: Path) -> WorkflowHistory:
    return WorkflowHistory.from_json(path.stem, path.read_text())


def payloads(history: WorkflowHistory) -> list[Any]:
    """Every payload anywhere in a history."""
    found: list[Any] = []

    def walk(message: Any) -> None:
        for field, value in message.ListFields():
            for one in value if isinstance(value, (list, tuple)) or hasattr(value, "append") else [value]:
                if field.message_type and field.message_type.full_name == "temporal.api.common.v1.Payload":
                    found.append(one)
                elif hasattr(one, "ListFields"):
                    walk(one)

    for event in history.events:
        walk(event)
    return found
