"""Money that the platform collects: it goes back by the platform's call, or as a task for a person."""

import json
from datetime import UTC, datetime
from typing import Any

from commands.channels import save_account
from commands.keys import create_key
from commands.parameters import set_parameter
from tests.api.channel_calls import SECRET, push
from tests.baton import Baton, eventually, order_body

CALLING, BY_HAND = "refund-shop", "hand-shop"
TERMS = {CALLING: {"*": {"kind": "platform"}}, BY_HAND: {"*": {"kind": "platform", "refunds": "person"}}}


def open_shops(baton: Baton) -> None:
    set_parameter(baton.sessions, "payment_terms", TERMS, datetime(2020, 1, 1, tzinfo=UTC), None, "a contract", "sun")
    refund = {"url": str(baton.simulators.base_url.join("/channel")), "token": "simulated-token"}
    save_account(baton.sessions, CALLING, "plain", SECRET, {"refund": refund})
    save_account(baton.sessions, BY_HAND, "plain", SECRET, {})


async def pushed(baton: Baton, channel: str, body: dict[str, Any]) -> str:
    answer = await push(baton.api, channel, json.dumps({"type": "order.updated", "data": body}).encode())
    assert answer.json()["status"] == "taken", answer.text
    order_id: str = answer.json()["order_id"]
    baton.placed[order_id] = body["channel_order_id"]
    return order_id


def sold(name: str, channel: str) -> dict[str, Any]:
    body = order_body(name, channel=channel)
    return body | {"paid": True, "payment": {"reference": f"{channel}:{name}", "method": "alipay"}}


def moved(order: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one["kind"], one["amount"]) for one in order["payments"]]


async def test_a_platform_pays_back_by_its_call_or_by_a_person(silent: Baton) -> None:
    # given two platforms that collect: one takes calls, of the other a person pays back
    open_shops(silent)
    called = await pushed(silent, CALLING, sold("CALL-1", CALLING))
    by_hand = await pushed(silent, BY_HAND, sold("HAND-1", BY_HAND))
    for order_id in (called, by_hand):
        await silent.until_fulfillment(order_id, "released")

    # when both are canceled
    for order_id in (called, by_hand):
        assert (await silent.cancel(order_id)).status_code == 200
        await silent.until_status(order_id, "canceled")

    # then the one has paid back, once, and for the other there is a task and a message to finance
    order = await silent.show(called)
    assert (moved(order), order["payment_status"]) == ([("captured", "330.00"), ("refunded", "330.00")], "refunded")
    every = (await silent.simulators.get("/channel/refunds")).json()["refunds"]
    assert [one["amount"] for one in every if one["channel_order_id"] == "CALL-1"] == ["330.00"]
    order = await silent.show(by_hand)
    assert (moved(order), order["payment_status"]) == ([("captured", "330.00")], "paid")
    [task] = (await silent.api.get("/refund-tasks", params={"channel": BY_HAND})).json()["items"]
    assert (task["order_id"], task["left"], task["why"]) == (by_hand, "330.00", "terms")
    assert order["attention"] == f"pay back by hand: 330.00 CNY, task {task['task_id']}"
    silent.verify()

    # and when a person books it, twice, it has been paid back; by another reference it is refused
    path = f"/refund-tasks/{task['task_id']}/done"
    answers = [await silent.api.post(path, json={"reference": name}) for name in ("ALI-7", "ALI-7", "ALI-8")]
    assert [answer.status_code for answer in answers] == [200, 200, 409]
    assert (answers[0].json()["left"], answers[0].json()["done_by"]) == ("0.00", "Sun of support")
    order = await silent.show(by_hand)
    assert (moved(order), order["payment_status"], order["attention"]) == (
        [("captured", "330.00"), ("refunded", "330.00")],
        "refunded",
        None,
    )
    silent.verify()

    # and what the platform says later changes nothing
    again = sold("HAND-1", BY_HAND) | {"refunded": "330.00", "canceled": True, "modified_at": "2026-11-21T09:30:00Z"}
    await pushed(silent, BY_HAND, again)
    assert len((await silent.show(by_hand))["payments"]) == 2

    # and a channel's key sees the tasks of its own orders only, and books none
    key = create_key(silent.sessions, "refund connector", "channel", CALLING)
    headers = {"Authorization": f"Bearer {key}"}
    listed = await silent.api.get("/refund-tasks", params={"open_only": False}, headers=headers)
    assert listed.json()["items"] == []
    assert (await silent.api.post(path, json={"reference": "X"}, headers=headers)).status_code == 403


async def test_a_return_of_what_the_platform_collected_ends_and_is_refunded_when_it_is_paid(quick: Baton) -> None:
    # given a delivered order
    open_shops(quick)
    order_id = await pushed(quick, BY_HAND, sold("HAND-2", BY_HAND))
    await quick.until_status(order_id, "completed")

    # when a tea set comes back
    asked = {"case_id": "H-1", "reason": "too small", "lines": [{"line_no": 2, "quantity": 1}]}
    assert (await quick.api.post(f"/orders/{order_id}/returns", json=asked)).status_code == 202
    case = f"/returns/{order_id}-R-H-1"
    shown = await eventually(lambda: _get(quick, case), lambda one: one.get("status") == "closed")

    # then the case is over, and refunded once the platform says that it was paid
    assert (shown["refund"], shown["refunded_at"]) == ("80.00", None)
    quick.verify()
    body = sold("HAND-2", BY_HAND) | {"refunded": "80.00", "modified_at": "2026-11-21T09:30:00Z"}
    await pushed(quick, BY_HAND, body)
    assert (await _get(quick, case))["refunded_at"] is not None
    assert moved(await quick.show(order_id)) == [("captured", "330.00"), ("refunded", "80.00")]
    quick.verify()


async def _get(baton: Baton, path: str) -> dict[str, Any]:
    return dict((await baton.api.get(path)).json())
