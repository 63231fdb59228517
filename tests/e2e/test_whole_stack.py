"""An order and its return through all of Baton over sockets, and what support staff see."""

import asyncio
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import Client, WorkflowExecution, WorkflowHandle
from temporalio.converter import DataConverter

from embedded.environment import read_environment
from embedded.services import ROOT
from tests.e2e.stack import RunningStack

# These words appear nowhere else, so that a test can find them where they should not be.
PERSON = {
    "name": "Zebulon Quartermain 欧阳晓丹",
    "phone": "+8613955507421",
    "email": "zebulon@quartermain.example",
    "country": "CN",
    "province": "广东省",
    "city": "深圳市",
    "lines": ["77 Marzipan Crescent"],
}
TRACES = ("Zebulon", "Quartermain", "欧阳", "13955507421", "Marzipan")
SCHEDULED = {
    "activities": EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED,
    "local activities": EventType.EVENT_TYPE_MARKER_RECORDED,
    "timers": EventType.EVENT_TYPE_TIMER_STARTED,
}
LINES = [("ELEGANT-LAMP", 2, "120.00"), ("TEA-SET", 1, "80.00")]


@pytest.fixture(scope="module")
def delivered(stack: RunningStack) -> dict[str, Any]:
    """An order that was delivered, and of which a lamp came back."""
    order_id = stack.place("WHOLE", customer={"customer_id": "C-WHOLE"}, ship_to=PERSON, lines=LINES)
    stack.until_ended([order_id])
    channel_order_id = stack.api.get(f"/orders/{order_id}").json()["channel_order_id"]
    case = {"case_id": "K-1", "channel": "shop", "channel_order_id": channel_order_id, "reason": "Zebulon says too big"}
    case["lines"] = [{"line_no": 1, "quantity": 1}]
    assert stack.simulators.post("/crm/cases", json=case).status_code == 202
    stack.until_event("return.closed", [order_id])
    stack.until_ended([order_id])
    return dict(stack.api.get(f"/orders/{order_id}").json())


@pytest.fixture(scope="module")
def held(stack: RunningStack) -> dict[str, Any]:
    """An order that is held, since its address has no street."""
    nowhere = {name: value for name, value in PERSON.items() if name != "lines"}
    order_id = stack.place("HELD", ship_to=nowhere)
    stack.until_event("order.held", [order_id])
    return dict(stack.api.get(f"/orders/{order_id}").json())


def test_an_order_is_delivered_and_partly_returned(delivered: dict[str, Any]) -> None:
    assert delivered["status"] == "completed"
    assert delivered["fulfillment_status"] == "delivered"
    assert delivered["payment_status"] == "partially_refunded"
    assert [case["status"] for case in delivered["returns"]] == ["closed"]


@pytest.mark.parametrize(
    "attribute", ["OrderId", "ChannelOrderId", "CustomerId", "OrderStatus", "Locations", "Waybills"]
)
async def test_a_workflow_is_found_by(
    attribute: str, delivered: dict[str, Any], stack: RunningStack, client: Client
) -> None:
    # Given what a support agent may know
    wanted = {
        "OrderId": delivered["order_id"],
        "ChannelOrderId": delivered["channel_order_id"],
        "CustomerId": delivered["customer_token"],
        # That it is completed, Temporal knows itself.
        "OrderStatus": "in_progress",
        "Locations": delivered["fulfillment_orders"][0]["location_id"],
        "Waybills": delivered["shipments"][0]["waybill"],
    }

    # When it is searched for, then the order's workflow is found
    found = f"WorkflowType = 'OrderWorkflow' AND {attribute} = '{wanted[attribute]}'"
    await until_listed(client, found, delivered["workflow_id"])


async def test_a_case_is_found_by_its_number_and_by_its_order(delivered: dict[str, Any], client: Client) -> None:
    workflow_id = f"return/shop/{delivered['channel_order_id']}/K-1"

    await until_listed(client, "ReturnId = 'K-1' AND ReturnStatus = 'closed'", workflow_id)
    await until_listed(client, f"OrderId = '{delivered['order_id']}'", workflow_id)


async def test_an_order_that_is_held_is_found_by_the_hold(held: dict[str, Any], client: Client) -> None:
    await until_listed(client, "Holds = 'ADDRESS' AND OrderStatus = 'under_review'", held["workflow_id"])


async def test_a_row_of_the_workflow_list_names_its_order(delivered: dict[str, Any], client: Client) -> None:
    description = await client.get_workflow_handle(delivered["workflow_id"]).describe()

    assert await description.static_summary() == f"shop {delivered['channel_order_id']}: 3 units"


async def test_workflow_details_say_what_an_order_waits_for_and_until_when(
    held: dict[str, Any], client: Client
) -> None:
    details = await details_of(client.get_workflow_handle(held["workflow_id"]))

    assert f"order {held['order_id']}" in details
    assert "waits for the release of the holds ADDRESS, due 20" in details


async def listed(client: Client, *orders: dict[str, Any]) -> list[WorkflowExecution]:
    """Wait for the two orders and the return: Temporal's lists lag a moment behind."""
    query = " OR ".join(f"OrderId = '{order['order_id']}'" for order in orders)
    for _ in range(100):
        executions = [execution async for execution in client.list_workflows(query)]
        if len(executions) >= 3:
            return executions
        await asyncio.sleep(0.1)
    raise AssertionError(f"only {len(executions)} workflows are listed")


async def test_every_activity_and_timer_in_a_history_has_a_summary(
    delivered: dict[str, Any], held: dict[str, Any], client: Client
) -> None:
    # Given the histories of an order, a return and an order that waits
    converter, seen, silent = DataConverter.default.payload_converter, set(), []
    for execution in await listed(client, delivered, held):
        history = await client.get_workflow_handle(execution.id).fetch_history()

        # When every activity and timer is checked
        for event in history.events:
            kind = next((kind for kind, number in SCHEDULED.items() if event.event_type == number), None)
            summary = event.user_metadata.summary
            # A local activity that is retried after a pause leaves a timer and a marker of the SDK itself.
            if kind is None or (kind != "activities" and not summary.data):
                continue
            seen.add(kind)
            if not summary.data or not converter.from_payload(summary):
                silent.append((execution.id, kind, event.event_id))

    # Then each has a summary
    assert seen == set(SCHEDULED)
    assert silent == []


async def test_nothing_of_the_customer_is_in_temporal(
    delivered: dict[str, Any], held: dict[str, Any], client: Client
) -> None:
    looked_at = set()
    for execution in await listed(client, delivered, held):
        handle = client.get_workflow_handle(execution.id)
        history = await handle.fetch_history()
        description = await handle.describe()
        stored = b"".join(event.SerializeToString() for event in history.events)
        # Search attributes, memo, summary and what is pending.
        stored += description.raw_description.SerializeToString()
        stored += (await details_of(handle)).encode()
        assert list(traces_in(stored)) == [], execution.id
        looked_at.add(execution.id.partition("/")[0])
    assert looked_at == {"order", "return"}


def test_nothing_of_the_customer_is_in_the_logs(
    delivered: dict[str, Any], held: dict[str, Any], stack: RunningStack
) -> None:
    logs = [*(stack.embedded.data_dir / "logs").iterdir(), stack.embedded.postgres.log]

    assert {log.name for log in logs} >= {"api.log", "worker.log", "temporal.log", "simulators.log", "log"}
    assert {log.name: list(traces_in(log.read_bytes())) for log in logs} == {log.name: [] for log in logs}


def test_the_customer_is_in_the_record_and_nowhere_else_in_it(delivered: dict[str, Any], stack: RunningStack) -> None:
    # Given every row of every table
    tables = [row.name for row in stack.rows("SELECT relname AS name FROM pg_stat_user_tables")]
    stored = {
        table: " ".join(row.text for row in stack.rows(f"SELECT t::text AS text FROM {table} t")) for table in tables
    }

    # When they are searched
    holding = [table for table in tables if list(traces_in(stored[table].encode()))]

    # Then only the order's address, the customer's webhook and the case name them
    assert sorted(holding) == ["orders", "partner_events", "returns"]


def test_baton_person_shows_all_data_of_a_customer(delivered: dict[str, Any], stack: RunningStack) -> None:
    shown = run(stack, "person", "zebulon@quartermain.example", "C-WHOLE")

    assert delivered["order_id"] in [order["order_id"] for order in json.loads(shown.stdout)["orders"]], shown.stderr
    assert set(traces_in(shown.stdout.encode())) == set(TRACES)


def test_an_erased_customer_is_in_no_row_and_the_log_still_verifies(
    delivered: dict[str, Any], held: dict[str, Any], stack: RunningStack
) -> None:
    # Given the customer of the delivered order, who has another one under way
    erase = run(stack, "erase", "C-WHOLE", held["customer_id"], "--yes")

    # Then they are erased from the first, will be from the other when it has ended, and every seal still verifies
    assert erase.returncode == 0, erase.stdout + erase.stderr
    assert erase.stdout.splitlines()[-1] == f"Under way, and done as soon as they have ended: {held['order_id']}"
    written = "SELECT r::text AS text FROM returns r UNION ALL SELECT e::text FROM partner_events e"
    theirs = f"SELECT o::text AS text FROM orders o WHERE order_id = :id UNION ALL {written}"
    rows = stack.rows(theirs, id=delivered["order_id"])
    assert list(traces_in(" ".join(row.text for row in rows).encode())) == []
    proof = run(stack, "trace", "--verify")
    assert proof.returncode == 0, proof.stdout + proof.stderr


def test_readyz_reports_every_part_up(stack: RunningStack) -> None:
    ready = stack.api.get("/readyz")

    assert ready.status_code == 200
    assert ready.json()["parts"] == {"database": "up", "migrations": "up", "temporal": "up"}


def test_metrics_are_served_on_internal_ports_only(delivered: dict[str, Any], stack: RunningStack) -> None:
    # Given the internal ports of the API and the worker
    env = stack.embedded.env
    api, worker = (f"http://127.0.0.1:{env[name]}" for name in ("BATON_API_METRICS_PORT", "BATON_WORKER_PORT"))

    # When they are asked
    figures = [httpx2.get(f"{url}/metrics", trust_env=False) for url in (api, worker)]
    health = [httpx2.get(f"{url}/healthz", trust_env=False).json()["status"] for url in (api, worker)]

    # Then both answer, and the public port does not
    assert all(answer.headers["content-type"].startswith("text/plain") for answer in figures)
    assert "baton_backlog_size" in figures[0].text
    assert 'baton_threads_taken{threads="steps"}' in figures[1].text
    assert health == ["ok", "ok"]
    assert stack.api.get("/metrics").status_code == 404


def test_baton_verify_finds_nothing_wrong(delivered: dict[str, Any], held: dict[str, Any], stack: RunningStack) -> None:
    # When `baton verify` runs
    done = run(stack, "verify")

    # Then every check passes, also the one that asks Temporal
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nothing is wrong" in done.stdout
    assert re.search("every order under way has a running workflow +[1-9]", done.stdout)


def run(stack: RunningStack, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a `baton` command against this stack."""
    env = os.environ | read_environment(stack.embedded.data_dir / "env")
    command = [sys.executable, "-m", "cli", *words]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)


async def until_listed(client: Client, query: str, workflow_id: str, seconds: float = 20) -> None:
    """Wait until Temporal lists the workflow; its lists lag a moment behind."""
    give_up = time.monotonic() + seconds
    while True:
        listed = [execution.id async for execution in client.list_workflows(query)]
        if workflow_id in listed:
            return
        assert time.monotonic() < give_up, f"{query} finds {listed}"


async def details_of(handle: WorkflowHandle[Any, Any]) -> str:
    metadata = await handle.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
    return str(metadata.current_details)


def traces_in(stored: bytes) -> Iterator[str]:
    """Yield the words of the person that are in there, also in JSON's ASCII spelling."""
    for trace in TRACES:
        if trace.encode() in stored or json.dumps(trace)[1:-1].encode() in stored:
            yield trace
