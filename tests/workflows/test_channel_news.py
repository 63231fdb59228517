"""Channel news reach the order through the relay and Temporal, and end the same in any order of arrival."""

import asyncio
import json
import os
from itertools import permutations
from typing import Any

from tests.api.channel_calls import open_account, push
from tests.baton import Baton, order_body

CITY = "苏州"
PERMUTATIONS = int(os.environ.get("NEWS_PERMUTATIONS", "4"))
"""How many of the 24 permutations run, evenly spread over the first message."""


def _news(kind: str, body: dict[str, Any], hour: int, **changes: Any) -> bytes:
    data = body | {"modified_at": f"2026-11-20T{hour:02}:00:00Z"} | changes
    return json.dumps({"type": f"order.{kind}", "data": data}).encode()


def _story(name: str, reference: str) -> list[bytes]:
    """Return an order for unknown goods, so that no warehouse is faster than the news."""
    lines = [("NO-SUCH-LAMP", 2, "120.00")]
    body = order_body(name, lines=lines, payment={"reference": reference, "method": "wechat"})
    moved = body["ship_to"] | {"city": CITY, "lines": ["New Street 9"]}
    return [
        _news("created", body, 9),
        _news("paid", body, 10, paid=True),
        _news("address_changed", body, 11, paid=True, ship_to=moved),
        _news("canceled", body, 12, paid=True, canceled=True, ship_to=moved),
    ]


async def test_channel_news_in_any_order_end_the_same(silent: Baton) -> None:
    # given
    open_account(silent.sessions, "shop")
    orders = list(permutations(range(4)))[:: 24 // PERMUTATIONS]

    # when
    async def live(number: int, order_of_news: tuple[int, ...]) -> dict[str, Any]:
        name = f"NEWS-{number}"
        story = _story(name, f"PAY-{name}:250.00:CNY")
        answers = [await push(silent.api, "shop", story[step]) for step in (*order_of_news, order_of_news[0])]
        assert {answer.json()["status"] for answer in answers} == {"taken"}
        order_id = answers[0].json()["order_id"]
        order = await silent.until_status(order_id, "canceled")
        await silent.until_event(order_id, "order.cancel_answered")
        return order

    ended = await asyncio.gather(*(live(number, order) for number, order in enumerate(orders)))

    # then
    shown = {
        repr([order[name] for name in ("status", "payment_status", "holds", "ship_to", "attention")]) for order in ended
    }
    assert len(shown) == 1, shown
    assert (ended[0]["payment_status"], ended[0]["holds"]) == ("refunded", [])
    assert ended[0]["ship_to"]["city"] == CITY
    silent.verify()


async def test_a_new_address_releases_an_order_held_for_its_address(silent: Baton) -> None:
    open_account(silent.sessions, "shop")
    whole = order_body("MOVED")
    nowhere = {"name": "Lin Xia", "phone": "+8613800138000", "country": "CN", "city": "深圳"}
    order_id = (await push(silent.api, "shop", _news("created", whole, 9, ship_to=nowhere))).json()["order_id"]
    held = await silent.until_status(order_id, "under_review")
    assert [hold["code"] for hold in held["holds"]] == ["ADDRESS"]

    await push(silent.api, "shop", _news("address_changed", whole, 11))

    order = await silent.until_fulfillment(order_id, "released")
    assert (order["holds"], order["ship_to"]["lines"]) == ([], ["1 Lake Road"])
    silent.verify()


async def test_a_payment_reported_by_the_channel_is_looked_up_at_the_gateway(silent: Baton) -> None:
    open_account(silent.sessions, "shop")
    body = order_body("PAID-LATER", payment={"reference": "PAID-LATER-1", "method": "wechat"})
    order_id = (await push(silent.api, "shop", _news("created", body, 9))).json()["order_id"]
    await silent.until_status(order_id, "under_review")
    payment = {"reference": "PAID-LATER-1", "amount": "330.00", "currency": "CNY", "status": "captured"}
    assert (await silent.simulators.post("/payments/payments", json=payment)).status_code == 201

    await push(silent.api, "shop", _news("paid", body, 10, paid=True))

    order = await silent.until_fulfillment(order_id, "released")
    assert order["payment_status"] == "paid"


async def test_a_channel_cancel_that_is_too_late_alerts_a_person(quick: Baton) -> None:
    open_account(quick.sessions, "shop")
    body = order_body("TOO-LATE")
    order_id = (await push(quick.api, "shop", _news("created", body, 9))).json()["order_id"]
    await quick.until_status(order_id, "completed")

    await push(quick.api, "shop", _news("canceled", body, 12, canceled=True))

    [answer] = await quick.until_event(order_id, "order.cancel_answered")
    assert answer["data"]["answer"] == "ended"
    assert (await quick.show(order_id))["attention"] == "the channel canceled the order after it had ended"


async def test_a_refund_requested_at_the_channel_opens_a_return(silent: Baton) -> None:
    open_account(silent.sessions, "shop")
    body = order_body("GIVE-BACK")
    order_id = (await push(silent.api, "shop", _news("refund_asked", body, 9))).json()["order_id"]

    # The order had not begun, or its goods are called back: either way the case is there.
    asked = await silent.until_event(order_id, "return.requested")

    assert len(asked) == 1
