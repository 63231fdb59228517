"""A promise before the order: asked for, held for a cart, kept by the order, or said that it cannot be."""

from typing import Any

import pytest

from commands.keys import create_key
from tests.baton import Baton, order_body

LAMPS = [("ELEGANT-LAMP", 2, "120.00"), ("TEA-SET", 1, "80.00")]
HOME = {"country": "CN", "province": "广东省", "city": "深圳市"}


def wanted(lines: list[tuple[str, int, str]] = LAMPS, **changes: Any) -> dict[str, Any]:
    goods = [{"sku": sku, "quantity": quantity} for sku, quantity, _ in lines]
    return {"channel": "shop", "lines": goods, "place": HOME} | changes


async def ask(baton: Baton, **changes: Any) -> dict[str, Any]:
    answer = await baton.api.post("/promises", json=wanted(**changes))
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def held(baton: Baton, sku: str) -> int:
    [[units]] = baton.rows("SELECT coalesce(sum(quantity), 0) FROM promise_claims WHERE sku = :sku", sku=sku)
    return int(units)


async def test_a_cart_becomes_an_order_from_the_promised_place_by_the_promised_dates(silent: Baton) -> None:
    # given what may be promised, and the same held for a cart
    offer = await ask(silent)
    cart = await ask(silent, keep="stock", seconds=600)
    assert (offer["promise_id"], offer["complete"], offer["why"]["policy"]) == (None, True, "balanced")
    assert [(line["available"], line["code"]) for line in cart["lines"]] == [(2, "in_stock"), (1, "in_stock")]
    [parcel] = cart["parcels"]
    assert (parcel["location_id"], parcel["units"]) == ("GUANGZHOU", {"ELEGANT-LAMP": 2, "TEA-SET": 1})
    assert parcel["leaves_at"] <= parcel["arrives_at"] <= parcel["latest_at"]
    assert held(silent, "TEA-SET") == 1

    # when the cart is ordered, twice
    body = order_body("PROMISED-CART", promise_id=cart["promise_id"])
    placed, again = [(await silent.api.post("/orders", json=body)).json() for _ in range(2)]
    silent.placed[placed["order_id"]] = "PROMISED-CART"
    order = await silent.until_fulfillment(placed["order_id"], "released")

    # then it keeps to its promise
    assert (placed["promise"], again["order_id"]) == ("taken", placed["order_id"])
    assert order["promise"] == {"promise_id": cart["promise_id"], "state": "kept"}
    assert order["promised"] == {name: cart[name] for name in ("ship_by", "deliver_by")}
    assert [one["location_id"] for one in order["fulfillment_orders"]] == ["GUANGZHOU"]
    [decision] = (await silent.api.get(f"/orders/{placed['order_id']}/sourcing")).json()["decisions"]
    assert (decision["policy"], decision["reason"].split(";")[0]) == ("promised", "as promised")
    shown = (await silent.api.get(f"/promises/{cart['promise_id']}")).json()
    assert (shown["order_id"], shown["parcels"]) == (placed["order_id"], cart["parcels"])
    assert held(silent, "TEA-SET") == 0
    silent.verify()


async def test_an_order_whose_promise_is_gone_says_so_and_goes_on(silent: Baton) -> None:
    # given a cart that its shop gives up
    cart = await ask(silent, lines=[("WOOL-SCARF", 1, "45.00")], keep="stock")
    renewed = (await silent.api.post(f"/promises/{cart['promise_id']}/renew", json={"seconds": 1800})).json()
    assert renewed["expires_at"] > cart["expires_at"]
    gone = [(await silent.api.delete(f"/promises/{cart['promise_id']}")).status_code for _ in range(2)]
    late = await silent.api.post(f"/promises/{cart['promise_id']}/renew", json={})
    assert (gone, late.status_code, held(silent, "WOOL-SCARF")) == ([204, 204], 409, 0)

    # when it is ordered after all
    body = order_body("PROMISE-GONE", lines=[("WOOL-SCARF", 1, "45.00")], promise_id=cart["promise_id"])
    placed = (await silent.api.post("/orders", json=body)).json()
    silent.placed[placed["order_id"]] = "PROMISE-GONE"
    order = await silent.until_fulfillment(placed["order_id"], "released")

    # then
    assert placed["promise"] == order["promise"]["state"] == "expired"
    [fact] = [one for one in await silent.events(placed["order_id"]) if one["type"] == "promise.broken"]
    assert fact["data"] == {"promise_id": cart["promise_id"], "code": "expired"}
    silent.verify()


async def test_what_is_short_is_not_kept_and_stores_nearby_are_named(silent: Baton) -> None:
    # when
    lines = [("MOON-CAKES", 6, "30.00"), ("LAST-PIANO", 1, "900.00"), ("NO-SUCH", 1, "1.00")]
    short = await ask(silent, lines=lines, keep="stock")
    london = {"country": "GB", "province": ""}
    near = await ask(silent, lines=[("FIRST-EDITION", 1, "9.00")], place=london)
    fetched = await ask(silent, lines=[("FIRST-EDITION", 1, "9.00")], place=None, store="COVENT-GARDEN")

    # then
    assert [(line["available"], line["code"]) for line in short["lines"]] == [
        *((4, "short"), (0, "short"), (0, "not_sold_here"))
    ]
    assert (short["promise_id"], short["complete"], "incomplete" in short["why"]["codes"]) == (None, False, True)
    [store] = near["stores"]
    assert (store["location_id"], store["complete"], store["available"]) == ("COVENT-GARDEN", True, [1])
    [parcel] = fetched["parcels"]
    assert (parcel["location_id"], parcel["freight"], parcel["arrives_at"]) == ("COVENT-GARDEN", "0.00", None)


async def test_a_channel_asks_for_itself_and_sees_no_other_stock(silent: Baton) -> None:
    # given a key of another channel, and a cart of the shop
    key = {"Authorization": f"Bearer {create_key(silent.sessions, 'web shop', 'channel', 'web')}"}
    cart = await ask(silent, keep="dates")

    # when
    others = await silent.api.post("/promises", json=wanted(), headers=key)
    own = await silent.api.post("/promises", json=wanted(channel="web", keep="dates"), headers=key)
    answers = [
        await silent.api.get(f"/promises/{cart['promise_id']}", headers=key),
        await silent.api.post(f"/promises/{cart['promise_id']}/renew", json={}, headers=key),
        await silent.api.delete(f"/promises/{cart['promise_id']}", headers=key),
    ]

    # then
    assert (others.status_code, own.status_code, own.json()["why"]["excluded"]) == (403, 200, {})
    assert own.json()["held"] == "dates"
    assert [answer.status_code for answer in answers] == [404, 404, 404]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"place": None}, "place"),
        ({"lines": []}, "lines"),
        ({"lines": [{"sku": "TEA-SET", "quantity": 0}]}, "lines[0].quantity"),
        ({"keep": "stock", "seconds": 1801}, "seconds"),
        ({"store": "SHANGHAI"}, "store"),
        ({"at": "2020-01-01T00:00:00Z"}, "at"),
        ({"channel": None}, "channel"),
        ({"stores": 21}, "stores"),
    ],
)
async def test_a_wrong_question_is_refused_by_its_field(silent: Baton, changes: dict[str, Any], field: str) -> None:
    answer = await silent.api.post("/promises", json=wanted() | changes)

    assert answer.status_code == 422, answer.text
    assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_an_order_with_a_promise_names_no_other_dates(silent: Baton) -> None:
    dates = {"ship_by": "2026-12-24T12:00:00Z"}

    answer = await silent.api.post(
        "/orders", json=order_body("TWO-PROMISES", promise_id=f"promise_{26 * 'X'}", promised=dates)
    )

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "promise_id")
