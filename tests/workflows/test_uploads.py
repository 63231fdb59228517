"""An order in two parcels: its platform gets both, in their order, and the order ends as usual."""

from itertools import count
from typing import Any

from commands.channels import save_account
from commands.seed import Shop, stock_shop
from tests.baton import Baton, eventually, order_body

CHANNEL = "parcel-shop"
_numbers = count(1)


def two_places(baton: Baton) -> list[str]:
    """The SKUs of two goods, each in another place and nowhere else."""
    number = next(_numbers)
    skus = [f"PARCEL-{sku}-{number}" for sku in ("CHAIR", "VASE")]
    about = {"kind": "warehouse", "country": "CN", "province": ""}
    names = [f"PARCEL-{name}-{number}" for name in ("NORTH", "EAST")]
    places = [{"location_id": name, "name": name, **about} for name in names]
    with baton.sessions.begin() as session:
        stock = dict.fromkeys(zip(skus, names, strict=True), 4)
        stock_shop(session, Shop({sku: sku.title() for sku in skus}, places, stock))
    return skus


async def place(baton: Baton, skus: list[str]) -> str:
    """Place an order of two of each, at a channel whose platform gets uploads of parcels."""
    upload = {"url": str(baton.simulators.base_url.join("/channel")), "token": "simulated-token"}
    save_account(baton.sessions, CHANNEL, "plain", "a secret of the tests", {"upload": upload})
    body = order_body(f"PARCELS-{next(_numbers)}", channel=CHANNEL, lines=[(sku, 2, "50.00") for sku in skus])
    body["lines"] = [line | {"channel_line_id": line["sku"]} for line in body["lines"]]
    response = await baton.api.post("/orders", json=body)
    order_id: str = response.json()["order_id"]
    baton.placed[order_id] = body["channel_order_id"]
    return order_id


async def uploads_of(baton: Baton, order_id: str) -> list[dict[str, Any]]:
    every = (await baton.simulators.get("/channel/shipments")).json()["shipments"]
    return [one for one in every if one["channel_order_id"] == baton.placed[order_id]]


async def test_the_platform_gets_both_parcels_in_their_order(silent: Baton) -> None:
    # given
    skus = two_places(silent)
    order_id = await place(silent, skus)
    order = await silent.until_fulfillment(order_id, "released")
    works = {work["lines"][0]["sku"]: work["fulfillment_order_id"] for work in order["fulfillment_orders"]}
    for sku, work in works.items():
        await silent.pick_and_pack(work, **{sku.replace("-", "_"): 2})
    packed = await silent.until(order_id, lambda order: len(order["shipments"]) == 2)
    waybills = {work["lines"][0]["sku"]: work["shipment_id"] for work in packed["fulfillment_orders"]}
    of_sku = {sku: next(one for one in packed["shipments"] if one["shipment_id"] == waybills[sku]) for sku in skus}

    # when
    await silent.track({"shipments": [of_sku[skus[1]]]}, "in_transit")
    first = await eventually(lambda: uploads_of(silent, order_id), lambda known: len(known) == 1)
    await silent.track({"shipments": [of_sku[skus[0]]]}, "in_transit")
    both = await eventually(lambda: uploads_of(silent, order_id), lambda known: len(known) == 2)
    for sku in skus:
        await silent.track({"shipments": [of_sku[sku]]}, "delivered")
    await silent.until_status(order_id, "completed")

    # then
    assert [line["channel_line_id"] for one in both for line in one["lines"]] == [skus[1], skus[0]]
    assert [one["waybill"] for one in both] == [of_sku[sku]["waybill"] for sku in (skus[1], skus[0])]
    assert first[0]["shipped_at"] < both[1]["shipped_at"]
    silent.verify()
