"""One order over three locations: one ships, one rejects, one picks short; the order has one outcome."""

from itertools import count
from typing import Any

from commands.seed import Shop, stock_shop
from tests.baton import Baton

CHAIR, TABLE, VASE = "SPLIT-CHAIR", "SPLIT-TABLE", "SPLIT-VASE"
_numbers = count(1)


def three_places(baton: Baton) -> tuple[list[str], str]:
    """The SKUs of three goods, each in another place and nowhere else, and a fourth place that is empty."""
    number = next(_numbers)
    names = [f"SPLIT-{name}-{number}" for name in ("NORTH", "EAST", "WEST", "SOUTH")]
    skus = [f"{sku}-{number}" for sku in (CHAIR, TABLE, VASE)]
    about = {"kind": "warehouse", "country": "CN", "province": ""}
    places = [{"location_id": name, "name": name, **about} for name in names]
    stock = dict.fromkeys(zip(skus, names[:3], strict=True), 4)
    with baton.sessions.begin() as session:
        stock_shop(session, Shop({sku: sku.title() for sku in skus}, places, stock))
    return skus, names[3]


async def test_an_order_split_over_locations_has_one_outcome(silent: Baton) -> None:
    # given
    (chair, table, vase), elsewhere = three_places(silent)
    order_id = await silent.order("SPLIT", lines=[(chair, 2, "50.00"), (table, 2, "90.00"), (vase, 4, "20.00")])
    order = await silent.until_fulfillment(order_id, "released")
    works = {work["lines"][0]["sku"]: work["fulfillment_order_id"] for work in order["fulfillment_orders"]}

    # when
    await pack(silent, works[chair], {chair: 2})
    await silent.wms("fulfillment_order.rejected", fulfillment_order_id=works[table], reason="the forklift is broken")
    await pack(silent, works[vase], {vase: 1})
    short = await silent.until(order_id, lambda order: len(order["shortages"]) == 2 and len(order["shipments"]) == 2)
    lines = [{"sku": sku, "quantity": 4} for sku in (table, vase)]
    receipt = {"receipt_id": f"R-{order_id}", "location_id": elsewhere, "lines": lines}
    await silent.simulators.post("/erp/receipts", json=receipt)
    again = await silent.until(order_id, lambda order: order["fulfillment_orders"][-1]["status"] == "released")
    await pack(silent, again["fulfillment_orders"][-1]["fulfillment_order_id"], {table: 2, vase: 3})
    packed = await silent.until(order_id, lambda order: len(order["shipments"]) == 3)
    for shipment in packed["shipments"]:
        await silent.track({"shipments": [shipment]}, "delivered")
    done = await silent.until_status(order_id, "completed")

    # then
    assert [work["status"] for work in done["fulfillment_orders"]].count("delivered") == 3
    assert progress(short, "allocated", "picked", "shipped", "short") == [(2, 2, 0, 0), (0, 0, 0, 2), (1, 1, 0, 3)]
    assert progress(again, "allocated", "picked", "shipped", "short") == [(2, 2, 0, 0), (2, 0, 0, 0), (4, 1, 0, 0)]
    assert progress(done, "ordered", "delivered", "canceled", "short") == [(2, 2, 0, 0), (2, 2, 0, 0), (4, 4, 0, 0)]
    silent.verify()


async def pack(baton: Baton, work: str, units: dict[str, int]) -> None:
    await baton.pick_and_pack(work, **{sku.replace("-", "_"): quantity for sku, quantity in units.items()})


def progress(order: dict[str, Any], *stages: str) -> list[tuple[int, ...]]:
    """Units of each line at these stages."""
    return [tuple(line["progress"][stage] for stage in stages) for line in order["lines"]]
