"""A person whose orders meet nearly every event, and whose name people write where they should not."""

import json
from typing import Any

from tests.api.channel_calls import open_account, push
from tests.baton import Baton, eventually, order_body

MALL, CUSTOMER = "people-mall", "C-7421-9555"
# Every word of it is one that appears nowhere else.
PERSON = {
    "name": "Zebulon Quartermain",
    "phone": "+8613955507421",
    "email": "zebulon@quartermain.example",
    "country": "CN",
    "province": "广东省",
    "city": "深圳市",
    "lines": ["77 Marzipan Crescent"],
}
SAYS = "Zebulon Quartermain called from 139 5550 7421"
"""Free text with personal data, as people write it."""


async def live(baton: Baton) -> list[str]:
    """Place the person's orders: two share a parcel, one of them is held first and returned; the third is redirected,
    lost, claimed and refunded; the fourth is canceled."""
    open_account(baton.sessions, MALL, merge_window=2.0, merge_group="people")
    first = await placed(baton, "MET", remarks="Zebulon wants a free dragon")
    for hold in (await baton.until_status(first, "under_review"))["holds"]:
        released = await baton.api.post(f"/orders/{first}/holds/{hold['code']}/release", json={"note": SAYS})
        assert released.is_success, released.text
    second = await placed(baton, "MET", tea_sets=2)
    await met_and_came_back(baton, first, second)
    await lost(baton, third := await placed(baton, "LOST", tea_sets=3))
    await baton.until_fulfillment(fourth := await placed(baton, "CANCELED", tea_sets=4), "released")
    assert (await baton.api.post(f"/orders/{fourth}/cancel", json={"reason": SAYS})).is_success
    await baton.until_status(fourth, "canceled")
    return [first, second, third, fourth]


async def placed(baton: Baton, name: str, tea_sets: int = 1, **changes: Any) -> str:
    """Return an order of the person as the channel sends it."""
    number = f"{name}-{len(baton.placed)}"
    lines = [("TEA-SET", tea_sets, "80.00")]
    body = order_body(number, channel=MALL, customer={"customer_id": CUSTOMER}, ship_to=PERSON, lines=lines, **changes)
    body["lines"][0]["properties"] = {"engraving": "For Zebulon"}
    answer = await push(baton.api, MALL, json.dumps({"type": "order.created", "data": body}).encode())
    assert answer.status_code == 202, answer.text
    order_id: str = answer.json()["order_id"]
    assert order_id, answer.text
    baton.placed[order_id] = number
    return order_id


async def met_and_came_back(baton: Baton, first: str, second: str) -> None:
    """Ship two orders in one parcel; then return one of them."""
    for one, tea_sets in ((first, 1), (second, 2)):
        await baton.until_fulfillment(one, "released")
        await baton.pick_and_pack(f"{one}-1", TEA_SET=tea_sets)
    order = await baton.until(first, lambda order: bool(order["shipments"]))
    assert order["fulfillment_orders"][0]["merged_with"] == [second]
    await baton.track(order, "in_transit")
    for one in (first, second):
        await baton.until_fulfillment(one, "shipped")
    await signed(baton, order)
    for one in (first, second):
        await baton.until_status(one, "completed")
    asked = {"case_id": "K-1", "reason": SAYS, "lines": [{"line_no": 1, "quantity": 1}]}
    answer = await baton.api.post(f"/orders/{first}/returns", json=asked, headers={"Idempotency-Key": '"back"'})
    assert answer.status_code == 202, answer.text
    await baton.until(first, lambda order: bool(order["returns"]) and order["returns"][0]["status"] != "requested")
    back = {"return_id": f"{first}-R-K-1", "lines": [{"sku": "TEA-SET", "quantity": 1}]}
    await baton.wms("return.received", location_id="SHANGHAI", **back)
    judged = {"sku": "TEA-SET", "quantity": 1, "disposition": "restock", "grade": "A"}
    await baton.wms("return.inspected", return_id=back["return_id"], lines=[judged])
    await baton.until(first, lambda order: order["returns"][0]["status"] == "closed")
    again = {"case_id": "K-2", "kind": "reship", "reason": SAYS, "lines": asked["lines"]}
    assert (await baton.api.post(f"/orders/{second}/returns", json=again)).status_code == 202
    path = f"/returns/{second}-R-K-2/reject"
    await eventually(lambda: baton.api.post(path, json={"reason": SAYS}), lambda answer: answer.is_success)
    await baton.until(second, lambda order: order["return_status"] == "rejected")


async def signed(baton: Baton, order: dict[str, Any]) -> None:
    """Deliver a parcel; the courier reports who signed."""
    shipment = order["shipments"][0]
    fields = {"shipment_id": shipment["shipment_id"], "waybill": shipment["waybill"], "status": "delivered"}
    await baton.tms("shipment.tracking_updated", occurred_at="2030-01-01T00:00:00Z", note=SAYS, **fields)


async def lost(baton: Baton, order_id: str) -> None:
    """Have one warehouse give the work back, and lose the parcel of another after a new address."""
    await baton.until_fulfillment(order_id, "released")
    await baton.wms("fulfillment_order.rejected", fulfillment_order_id=f"{order_id}-1", reason=SAYS)
    await baton.until(
        order_id, lambda order: [one["status"] for one in order["fulfillment_orders"][1:]] == ["released"]
    )
    await baton.pick_and_pack(f"{order_id}-2", TEA_SET=3)
    order = await baton.until(order_id, lambda order: bool(order["shipments"]))
    await baton.track(order, "in_transit")
    moved = {"ship_to": PERSON | {"lines": ["78 Marzipan Crescent"]}}
    # The record is a moment ahead of the order, which refuses until it knows.
    await eventually(
        lambda: baton.api.post(f"/orders/{order_id}/address", json=moved), lambda answer: answer.is_success
    )
    await baton.track(order, "exception", code="lost")
    await baton.until_event(order_id, "alert.raised")
    answer = await baton.api.post(f"/orders/{order_id}/parcel", json={"action": "refund"})
    assert answer.is_success, answer.text
    await baton.until(order_id, lambda order: order["ended_at"] is not None)
