"""What a warehouse reports about its parcels is stored; a person is alerted if it does not add up."""

from typing import Any

from tests.baton import Baton

CARTON = {"length_mm": 400, "width_mm": 300, "height_mm": 200, "packaging": "carton", "weight_grams": 900}


def holding(lamps: int, sets: int) -> dict[str, Any]:
    return CARTON | {"lines": [{"sku": "ELEGANT-LAMP", "quantity": lamps}, {"sku": "TEA-SET", "quantity": sets}]}


async def picked(baton: Baton) -> tuple[str, str]:
    """An order whose goods are found: its id and its fulfillment order."""
    order_id = await baton.order("PARCELS")
    work = (await baton.until_fulfillment(order_id, "released"))["fulfillment_orders"][0]["fulfillment_order_id"]
    await baton.wms("fulfillment_order.accepted", fulfillment_order_id=work)
    lines = [{"sku": "ELEGANT-LAMP", "quantity": 2}, {"sku": "TEA-SET", "quantity": 1}]
    await baton.wms("fulfillment_order.picked", fulfillment_order_id=work, lines=lines)
    return order_id, work


async def test_parcels_that_do_not_add_up_alert_a_person_and_stop_nothing(silent: Baton) -> None:
    # given
    order_id, work = await picked(silent)

    # when
    await silent.wms("fulfillment_order.packed", fulfillment_order_id=work, parcels=[holding(lamps=1, sets=1)])
    order = await silent.until(order_id, lambda order: bool(order["attention"] and order["shipments"]))

    # then
    assert order["attention"] == "ELEGANT-LAMP 1 too few"
    await silent.track(order, "delivered")
    await silent.until_status(order_id, "completed")
    silent.verify()


async def test_a_corrected_report_clears_the_alert(silent: Baton) -> None:
    # given
    order_id, work = await picked(silent)
    await silent.wms("fulfillment_order.packed", fulfillment_order_id=work, parcels=[holding(lamps=1, sets=1)])
    await silent.until(order_id, lambda order: bool(order["attention"]))

    # when
    parcels = [holding(lamps=1, sets=0), holding(lamps=1, sets=1)]
    await silent.wms("fulfillment_order.packed", fulfillment_order_id=work, parcels=parcels)
    order = await silent.until(order_id, lambda order: order["attention"] is None)

    # then
    kept = silent.rows("SELECT parcels FROM fulfillment_orders WHERE fulfillment_order_id = :work", work=work)
    assert kept[0][0] == parcels
    assert order["fulfillment_orders"][0]["accepted_at"] is not None
    await silent.cancel(order_id)


async def test_the_warehouse_is_told_how_urgent_the_work_is(silent: Baton) -> None:
    order_id, work = await picked(silent)

    asked = (await silent.simulators.get(f"/wms/fulfillment-orders/{work}")).json()["request"]

    assert asked["priority"] == 100
    await silent.cancel(order_id)
