"""Finding: a customer calls, and staff find the order by whatever the customer knows; its list goes into a sheet."""

import csv
from io import StringIO
from typing import Any

from tests.baton import Baton, order_body
from tests.workflows.test_cancel import LINES

CALLER = {"phone": "+8613612345678", "email": "Lin.Xia@lake.example"}


async def find(baton: Baton, **query: Any) -> list[str]:
    answer = await baton.api.get("/orders", params=query)
    assert answer.status_code == 200, answer.text
    return [item["order_id"] for item in answer.json()["items"]]


async def test_an_order_is_found_by_what_its_customer_knows_on_its_whole_way(silent: Baton) -> None:
    # given an order that its warehouse works on
    ship_to = order_body("FOUND")["ship_to"] | CALLER
    order_id = await silent.order("FOUND", ship_to=ship_to, tags=["vip-caller"])
    order = await silent.until_fulfillment(order_id, "released")
    mine: dict[str, Any] = {"phone": CALLER["phone"]}
    assert await find(silent, **mine, status="in_progress", fulfillment_status="released") == [order_id]
    assert await find(silent, **mine, payment_status="paid", tag="vip-caller") == [order_id]
    assert await find(silent, **mine, carrier="SF") == await find(silent, **mine, fulfillment_status="shipped") == []

    # when its parcel is on the road
    await silent.pick_and_pack(order["fulfillment_orders"][0]["fulfillment_order_id"], **LINES)
    order = await silent.until(order_id, lambda order: bool(order["shipments"]))
    await silent.track(order, "in_transit")
    await silent.until_fulfillment(order_id, "shipped")

    # then it is found by that too
    parcel = order["shipments"][0]
    assert await find(silent, q=parcel["waybill"]) == [order_id]
    shipped = {"fulfillment_status": "shipped", "shipped_after": order["received_at"], "carrier": parcel["carrier"]}
    assert await find(silent, email="lin.xia@lake.example", **shipped) == [order_id]

    # and is the only row of its sheet, which names nobody
    answer = await silent.api.get("/orders", params={"format": "csv"} | mine | shipped)
    [row] = csv.DictReader(StringIO(answer.text))
    assert (row["order_id"], row["status"], row["grand_total"]) == (
        order_id,
        "in_progress",
        order["totals"]["grand_total"],
    )
    assert not any(word in answer.text for word in (*CALLER.values(), ship_to["name"]))
