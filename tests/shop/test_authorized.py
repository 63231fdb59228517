"""Money that the gateway has only reserved: captured parcel by parcel, and given back where it is not needed."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text

from commands.parameters import set_parameter
from record.orders.renewals import RenewalSweep
from tests.baton import Baton, eventually
from tests.workflows.test_pickup import fetch, lanterns, ready, store
from tests.workflows.test_split import pack, three_places

__all__ = ["store"]
TERMS = {"*": {"card": {"kind": "authorized"}, "debit": {"kind": "authorized", "capture": "order"}}}
LAMPS = {"ELEGANT-LAMP": 2, "TEA-SET": 1}
TOTAL = "330.00"


@pytest.fixture(autouse=True)
def terms(silent: Baton) -> None:
    if not silent.rows("SELECT 1 FROM parameters WHERE name = 'payment_terms'"):
        set_parameter(silent.sessions, "payment_terms", TERMS, datetime(2020, 1, 1, tzinfo=UTC), None, "card", "sun")


def reserved(name: str, total: str = TOTAL, method: str = "card") -> dict[str, Any]:
    return {"payment": {"reference": f"AUTH-{name}:{total}:CNY", "method": method}}


def works(order: dict[str, Any]) -> list[str]:
    return [work["fulfillment_order_id"] for work in order["fulfillment_orders"]]


def money(order: dict[str, Any], *kinds: str) -> list[str]:
    return [one["amount"] for one in order["payments"] if one["kind"] in kinds]


async def test_an_order_is_captured_in_two_parcels(silent: Baton) -> None:
    # given an order of goods in two places, which costs 20 less by now
    (chair, table, _), _ = three_places(silent)
    goods = [(chair, 2, "50.00"), (table, 1, "90.00")]
    order_id = await silent.order("PARTS", lines=goods, **reserved("PARTS", "200.00"))
    order = await silent.until_fulfillment(order_id, "released")
    assert (order["payment_status"], money(order, "authorized")) == ("authorized", ["200.00"])
    edit = await silent.api.post(
        f"/orders/{order_id}/edits", json={"reason": "a gift", "amounts": {"discount": "19.00"}}
    )
    confirmed = await silent.api.post(f"/orders/{order_id}/edits/{edit.json()['edit_id']}/confirm")
    assert confirmed.status_code == 200, confirmed.text
    by_sku = {work["lines"][0]["sku"]: work["fulfillment_order_id"] for work in order["fulfillment_orders"]}

    # when one is packed and leaves, and what is reserved is renewed before the other is
    await pack(silent, by_sku[chair], {chair: 2})
    first = await silent.until(order_id, lambda order: len(order["shipments"]) == 1)
    await silent.track(first, "in_transit")
    with silent.sessions.begin() as session:
        session.execute(text("UPDATE authorizations SET renew_at = now() WHERE order_id = :id"), {"id": order_id})
    RenewalSweep(silent.sessions).run(datetime.now(UTC))
    await eventually(lambda: renewals(silent, order_id), lambda times: times == [1])
    await pack(silent, by_sku[table], {table: 1})
    packed = await silent.until(order_id, lambda order: len(order["shipments"]) == 2)
    for shipment in packed["shipments"]:
        await silent.track({"shipments": [shipment]}, "delivered")
    await silent.until_status(order_id, "completed")
    done = await silent.until(order_id, lambda order: bool(money(order, "voided")))

    # then each was captured before it was booked, and the rest went back
    assert first["payment_status"] == "partially_paid"
    assert money(first, "captured") == ["100.00"]
    assert (done["payment_status"], money(done, "captured")) == ("paid", ["100.00", "81.00"])
    assert (money(done, "voided"), money(done, "refunded")) == (["19.00"], [])
    silent.verify()


async def renewals(baton: Baton, order_id: str) -> list[int]:
    return [row.renewals for row in baton.rows("SELECT renewals FROM authorizations WHERE order_id = :i", i=order_id)]


async def test_a_capture_that_fails_stops_the_parcel_until_it_is_tried_again(silent: Baton) -> None:
    # given
    order_id = await silent.order("DECLINED", **reserved("CAPTURE-REFUSED-DECLINED"))
    order = await silent.until_fulfillment(order_id, "released")

    # when
    await pack(silent, works(order)[0], LAMPS)
    held = await silent.until(order_id, lambda order: bool(order["holds"]))
    await silent.until_page_says(order_id, "CAPTURE_FAILED")
    released = await silent.api.post(f"/orders/{order_id}/holds/CAPTURE_FAILED/release", json={"note": "she called"})
    sent = await silent.until(order_id, lambda order: bool(order["shipments"]))

    # then
    [hold] = held["holds"]
    assert (hold["code"], hold["owner_role"], held["shipments"], held["status"]) == (
        "CAPTURE_FAILED",
        "finance",
        [],
        "in_progress",
    )
    assert released.status_code == 200, released.text
    assert (money(sent, "captured"), sent["payment_status"], sent["holds"]) == ([TOTAL], "paid", [])
    silent.verify()


async def test_a_canceled_order_gives_back_what_was_reserved(silent: Baton) -> None:
    # given a parcel that was stopped
    order_id = await silent.order("GIVEN-BACK", **reserved("CAPTURE-REFUSED-GIVEN-BACK"))
    order = await silent.until_fulfillment(order_id, "released")
    await pack(silent, works(order)[0], LAMPS)
    await silent.until(order_id, lambda order: bool(order["holds"]))

    # when
    answer = (await silent.cancel(order_id)).json()
    order = await silent.until_status(order_id, "canceled")

    # then
    assert (answer["answer"], order["payment_status"]) == ("done", "voided")
    assert (money(order, "captured", "refunded"), money(order, "voided")) == ([], [TOTAL])
    silent.verify()


async def test_all_of_it_is_captured_at_the_order_where_the_terms_say_so(silent: Baton) -> None:
    order_id = await silent.order("WHOLE", **reserved("CAPTURE-REFUSED-WHOLE", method="debit"))
    await silent.until(order_id, lambda order: [hold["code"] for hold in order["holds"]] == ["CAPTURE_FAILED"])
    assert silent.rows("SELECT 1 FROM fulfillment_orders WHERE order_id = :id", id=order_id) == []

    await silent.api.post(f"/orders/{order_id}/holds/CAPTURE_FAILED/release", json={"note": "she called"})
    order = await silent.until_fulfillment(order_id, "released")

    assert (order["payment_status"], money(order, "captured")) == ("paid", [TOTAL])


async def test_goods_that_are_fetched_are_captured_at_the_handing_out(silent: Baton, store: str) -> None:
    # given
    order_id, work, code = await ready(silent, store, **reserved("FETCHED", "130.00"))
    waiting = await silent.show(order_id)

    # when
    assert (await fetch(silent, work, code)).status_code == 200
    order = await silent.until_status(order_id, "completed")

    # then
    assert lanterns(store) == order["lines"][0]["sku"]
    assert money(waiting, "captured") == []
    assert (order["payment_status"], money(order, "captured")) == ("paid", ["130.00"])
    silent.verify()
