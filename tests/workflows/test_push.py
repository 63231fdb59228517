"""Changed stock reaches the channel through the relay and the real Temporal, by one run at a time."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from commands.channels import save_account
from tests.baton import Baton
from workflows.push import PushInput, PushOutcome, PushWorkflow

CHANNEL = "stock-shop"


def open_account(baton: Baton, **push: Any) -> None:
    url = str(baton.simulators.base_url.join("/channel"))
    chosen = {"url": url, "token": "simulated-token", "every": 0} | push
    save_account(baton.sessions, CHANNEL, "plain", "a secret of the tests", {"push": chosen})


async def put(baton: Baton, sku: str, **listing: Any) -> None:
    answer = await baton.api.put(f"/listings/{CHANNEL}/{sku}", json=listing)
    assert answer.status_code == 200, answer.text


async def listing(baton: Baton, sku: str) -> dict[str, Any]:
    [found] = (await baton.api.get("/listings", params={"channel": CHANNEL, "sku": sku})).json()["items"]
    return dict(found)


async def until(baton: Baton, sku: str, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    give_up = time.monotonic() + 20
    while not holds(found := await listing(baton, sku)):
        assert time.monotonic() < give_up, found
        await asyncio.sleep(0.05)
    return found


def is_known(found: dict[str, Any]) -> bool:
    return bool(found["version"] == found["acknowledged_version"])


async def quantities(baton: Baton) -> dict[str, int]:
    return dict((await baton.simulators.get("/channel/stock")).json()["quantities"])


async def test_an_order_pushes_the_changed_stock_to_the_channel(silent: Baton) -> None:
    open_account(silent)
    await put(silent, "WOOL-SCARF", channel_sku="SCARF-1")
    before = (await until(silent, "WOOL-SCARF", is_known))["acknowledged_quantity"]

    order_id = await silent.order("scarf", lines=[("WOOL-SCARF", 3, "20.00")])
    await silent.until_event(order_id, "reservation.created")
    await until(silent, "WOOL-SCARF", lambda found: found["acknowledged_quantity"] == before - 3)

    assert (await quantities(silent))["SCARF-1"] == before - 3
    await silent.cancel(order_id)
    await until(silent, "WOOL-SCARF", lambda found: found["acknowledged_quantity"] == before)


async def test_a_pause_that_the_channel_asks_for_delays_every_push(silent: Baton) -> None:
    open_account(silent)
    await put(silent, "DESK-CLOCK")
    await until(silent, "DESK-CLOCK", is_known)
    await silent.simulators.post("/channel/stock/troubles", json={"limited": 1, "retry_after": 2})
    begun = time.monotonic()

    await put(silent, "DESK-CLOCK", channel_sku="CLOCK-1")
    asked = await silent.api.post(f"/listings/{CHANNEL}/push", json={"everything": False})
    found = await until(silent, "DESK-CLOCK", is_known)

    assert (asked.status_code, asked.json()["behind"]) == (202, 1)
    assert time.monotonic() - begun >= 2
    assert found["failed_since"] is None


async def test_a_refused_listing_is_shown_as_failed_and_others_are_taken_over(silent: Baton) -> None:
    open_account(silent)
    await silent.simulators.post("/channel/stock/troubles", json={"unknown": ["NOT-THERE"]})

    await put(silent, "SILK-LANTERN", channel_sku="NOT-THERE")
    await put(silent, "BAMBOO-CHAIR")
    await until(silent, "BAMBOO-CHAIR", is_known)
    await until(silent, "SILK-LANTERN", lambda found: found["last_error"] == "unknown_sku")

    failed = (await silent.api.get("/listings", params={"channel": CHANNEL, "failed": True})).json()["items"]
    assert [one["sku"] for one in failed] == ["SILK-LANTERN"]

    await put(silent, "SILK-LANTERN", channel_sku="LANTERN")
    assert (await until(silent, "SILK-LANTERN", is_known))["failed_since"] is None


async def test_a_run_continues_as_new_until_no_listing_is_behind(silent: Baton) -> None:
    save_account(
        silent.sessions,
        "by-hand",
        "plain",
        "a secret of the tests",
        {
            "push": {
                "url": str(silent.simulators.base_url.join("/channel")),
                "token": "simulated-token",
                "batch": 1,
                "enabled": True,
                "every": 3600,
            }
        },
    )
    for sku in ("ELEGANT-LAMP", "TEA-SET", "MOON-CAKES"):
        answer = await silent.api.put(f"/listings/by-hand/{sku}", json={})
        assert answer.status_code == 200

    outcome: PushOutcome = await silent.client.execute_workflow(
        PushWorkflow.run,
        PushInput("by-hand", batches=2),
        id="push-by-hand",
        task_queue=silent.settings.task_queue,
    )

    assert outcome.refused == 0
    behind = (await silent.api.get("/listings", params={"channel": "by-hand", "behind": True})).json()["items"]
    assert behind == []
