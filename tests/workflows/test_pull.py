"""A pull and a nightly comparison through the real Temporal, and the schedules that start them."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from datetime import time as clock_time
from typing import Any
from uuid import uuid4

import pytest
from temporalio.client import ScheduleOverlapPolicy, WorkflowFailureError
from temporalio.exceptions import ActivityError

from commands.channels import save_account
from domain.pulling import PullPlan
from record.channels.accounts import pull_plans
from tests.baton import Baton
from tests.channels.payloads import parsed
from workflows.pull import PullInput, PullOutcome, PullWorkflow
from workflows.reconcile import ReconcileInput, ReconcileOutcome, ReconcileWorkflow
from workflows.schedules import keep_schedules

PLAN = PullPlan("shop-at-night", timedelta(hours=6), clock_time(2, 30), "Asia/Shanghai", enabled=True)


def open_account(baton: Baton, channel: str, **pull: Any) -> None:
    url = str(baton.simulators.base_url.join("/shopify/admin/api/2025-10"))
    chosen = {"url": url, "token": "shpat_simulated", "page_size": 1, "skew": 0, "first": 3600} | pull
    save_account(baton.sessions, channel, "shopify", "a secret of the tests", {"pull": chosen})


async def put(baton: Baton, number: int, seconds_ago: float) -> None:
    changed = (datetime.now(UTC) - timedelta(seconds=seconds_ago)).isoformat()
    order = parsed("shopify", "ordinary") | {"id": number, "checkout_token": f"T-{number}", "updated_at": changed}
    assert (await baton.simulators.post("/shopify/orders", json=order)).status_code == 201


async def run_pull(baton: Baton, start: PullInput) -> PullOutcome:
    name = f"pull/{start.channel}/{uuid4().hex}"
    return await baton.client.execute_workflow(PullWorkflow.run, start, id=name, task_queue=baton.settings.task_queue)


def came(baton: Baton, channel: str) -> list[str]:
    rows = baton.rows("SELECT channel_order_id FROM orders WHERE channel = :channel ORDER BY 1", channel=channel)
    return [row.channel_order_id for row in rows]


async def eventually(holds: Callable[[], Awaitable[bool]]) -> None:
    give_up = time.monotonic() + 20
    while not await holds():
        assert time.monotonic() < give_up, "it did not happen"
        await asyncio.sleep(0.1)


async def test_a_pull_takes_in_every_page_and_continues_as_new(silent: Baton) -> None:
    open_account(silent, "pulled")
    for number in range(1, 6):
        await put(silent, number, seconds_ago=900 - number)

    outcome = await run_pull(silent, PullInput("pulled", pages=2))

    assert (outcome.listed, outcome.new, outcome.rejected) == (5, 5, 0)
    assert came(silent, "pulled") == ["1", "2", "3", "4", "5"]
    assert (await run_pull(silent, PullInput("pulled"))).new == 0


async def test_a_limit_delays_the_pull_by_what_the_platform_asks(silent: Baton) -> None:
    open_account(silent, "limited")
    await silent.simulators.post("/shopify/troubles", json={"limited": 1, "retry_after": 1.5})
    begun = time.monotonic()

    await run_pull(silent, PullInput("limited"))

    assert time.monotonic() - begun >= 1.5


async def test_a_wrong_token_fails_the_run_and_not_the_next_one(silent: Baton) -> None:
    open_account(silent, "locked", token="wrong")

    with pytest.raises(WorkflowFailureError) as failure:
        await run_pull(silent, PullInput("locked"))

    assert isinstance(failure.value.cause, ActivityError)
    open_account(silent, "locked")
    assert (await run_pull(silent, PullInput("locked"))).pulled_to is not None


async def test_an_order_whose_webhook_never_came_is_found_at_night(silent: Baton) -> None:
    open_account(silent, "nightly")
    await run_pull(silent, PullInput("nightly"))
    await put(silent, 77, seconds_ago=5_000)

    outcome = await silent.client.execute_workflow(
        ReconcileWorkflow.run,
        ReconcileInput("nightly", pages=3),
        id=f"reconcile/nightly/{uuid4().hex}",
        task_queue=silent.settings.task_queue,
    )

    assert isinstance(outcome, ReconcileOutcome)
    assert "77" in came(silent, "nightly")
    answer = (await silent.api.get("/reports/missing-orders", params={"channel": "nightly"})).json()
    assert [(one["channel_order_id"], one["outcome"]) for one in answer["items"]] == [("77", "pulled")]


async def test_schedules_are_created_changed_and_removed_with_their_account(silent: Baton) -> None:
    client, settings = silent.client, silent.settings

    async def listed() -> set[str]:
        return {one.id async for one in await client.list_schedules()}

    # when they are made twice
    await keep_schedules(client, settings, [PLAN])
    await keep_schedules(client, settings, [PLAN])

    # then
    pull, nightly = (client.get_schedule_handle(f"{kind}/shop-at-night") for kind in ("pull", "reconcile"))
    made = (await pull.describe()).schedule
    assert made.spec.intervals[0].every == timedelta(hours=6)
    assert made.policy.overlap is ScheduleOverlapPolicy.SKIP
    assert (await nightly.describe()).schedule.spec.time_zone_name == "Asia/Shanghai"

    # when the account is changed, and a person has paused one of them
    await nightly.pause(note="Sun looks into it")
    changed = PullPlan(PLAN.channel, timedelta(hours=1), PLAN.reconcile_at, PLAN.zone, enabled=True)
    await keep_schedules(client, settings, [changed])

    # then
    assert (await pull.describe()).schedule.spec.intervals[0].every == timedelta(hours=1)
    assert (await nightly.describe()).schedule.state.note == "Sun looks into it"

    # when the account is gone
    await eventually(lambda: _holds(listed, {"pull/shop-at-night", "reconcile/shop-at-night"}))
    await keep_schedules(client, settings, [])

    # then
    await eventually(lambda: _holds(listed, set()))


async def test_disabling_an_account_pauses_its_schedules_and_enabling_resumes_them(silent: Baton) -> None:
    off = PullPlan("off-and-on", PLAN.every, PLAN.reconcile_at, PLAN.zone, enabled=False)
    on = PullPlan("off-and-on", PLAN.every, PLAN.reconcile_at, PLAN.zone, enabled=True)
    schedule = silent.client.get_schedule_handle("pull/off-and-on")

    paused = []
    for plan in (off, on):
        await keep_schedules(silent.client, silent.settings, [plan])
        paused.append((await schedule.describe()).schedule.state.paused)

    assert paused == [True, False]
    await schedule.delete()
    await silent.client.get_schedule_handle("reconcile/off-and-on").delete()


async def test_a_schedule_starts_the_pull_of_its_account(silent: Baton) -> None:
    open_account(silent, "scheduled", every=86_400)
    [plan] = [plan for plan in pull_plans(silent.sessions) if plan.channel == "scheduled"]
    await keep_schedules(silent.client, silent.settings, [plan])
    await put(silent, 88, seconds_ago=60)

    await silent.client.get_schedule_handle("pull/scheduled").trigger()

    async def is_there() -> bool:
        return "88" in came(silent, "scheduled")

    await eventually(is_there)
    await keep_schedules(silent.client, silent.settings, [])


async def _holds(listed: Callable[[], Awaitable[set[str]]], wanted: set[str]) -> bool:
    return {name for name in await listed() if "shop-at-night" in name} == wanted
