"""Canceling at every moment of an order's life, and the three answers."""

import asyncio

from tests.baton import Baton

LINES = {"ELEGANT_LAMP": 2, "TEA_SET": 1}


async def test_an_order_that_is_held_is_canceled_and_refunded(silent: Baton) -> None:
    address = {"name": "Lin Xia", "phone": "+8613800138000", "country": "CN", "city": "深圳"}
    order_id = await silent.order("HELD", ship_to=address)
    await silent.until_status(order_id, "under_review")

    answer = (await silent.cancel(order_id)).json()

    order = await silent.until_status(order_id, "canceled")
    assert (answer["answer"], order["payment_status"], order["holds"]) == ("done", "refunded", [])
    silent.verify()


async def test_an_order_that_waits_for_stock_is_canceled(silent: Baton) -> None:
    order_id = await silent.order("WAITING", lines=[("LAST-PIANO", 1, "900.00")])
    await silent.until_event(order_id, "sourcing.failed")

    answer = (await silent.cancel(order_id)).json()

    assert answer["answer"] == "done"
    assert silent.rows("SELECT 1 FROM backorders WHERE order_id = :id", id=order_id) == []
    silent.verify()


async def test_an_order_that_is_being_picked_is_called_back(silent: Baton) -> None:
    order_id = await silent.order("PICKING")
    order = await silent.until_fulfillment(order_id, "released")
    await silent.wms(
        "fulfillment_order.picking", fulfillment_order_id=order["fulfillment_orders"][0]["fulfillment_order_id"]
    )
    await silent.until_fulfillment(order_id, "picking")

    answer = (await silent.cancel(order_id)).json()

    order = await silent.until_status(order_id, "canceled")
    assert (answer["answer"], order["payment_status"]) == ("done", "refunded")
    silent.verify()


async def test_a_booked_parcel_is_called_back_and_its_waybill_voided(silent: Baton) -> None:
    order_id = await silent.order("BOOKED")
    order = await silent.until_fulfillment(order_id, "released")
    await silent.pick_and_pack(order["fulfillment_orders"][0]["fulfillment_order_id"], **LINES)
    await silent.until(order_id, lambda order: bool(order["shipments"]))

    answer = (await silent.cancel(order_id)).json()

    order = await silent.until_status(order_id, "canceled")
    assert answer["answer"] == "done"
    assert order["shipments"][0]["voided_at"]
    silent.verify()


async def test_a_parcel_on_the_road_is_intercepted_and_refunded_when_it_is_back(silent: Baton) -> None:
    # Given a parcel on the road
    order_id = await shipped(silent, "ROAD")

    # When the order is canceled
    answer = (await silent.cancel(order_id)).json()

    # Then the carrier is asked, and the order ends when the parcel is back
    assert answer["answer"] == "interception_asked"
    order = await silent.show(order_id)
    assert order["status"] == "in_progress"
    fulfillment_order_id = order["fulfillment_orders"][0]["fulfillment_order_id"]
    await silent.wms("fulfillment_order.returned", fulfillment_order_id=fulfillment_order_id, location_id="GUANGZHOU")
    order = await silent.until_status(order_id, "canceled")
    assert order["payment_status"] == "refunded"
    silent.verify()


async def test_an_interception_that_fails_lets_the_order_be_delivered(silent: Baton) -> None:
    order_id = await shipped(silent, "TOOFAST")
    order = await silent.show(order_id)
    assert (await silent.cancel(order_id)).json()["answer"] == "interception_asked"

    shipment = order["shipments"][0]
    await silent.tms(
        "shipment.interception_answered",
        shipment_id=shipment["shipment_id"],
        waybill=shipment["waybill"],
        accepted=False,
        reason="already at the door",
    )
    await silent.track(order, "delivered")

    order = await silent.until_status(order_id, "completed")
    assert order["payment_status"] == "paid"


async def test_a_delivered_order_refuses_to_be_canceled(quick: Baton) -> None:
    order_id = await quick.order("DONE")
    await quick.until_status(order_id, "completed")

    response = await quick.cancel(order_id)

    assert response.status_code == 409
    assert "completed" in response.json()["detail"]


async def test_two_concurrent_cancels_get_the_same_answer(silent: Baton) -> None:
    order_id = await silent.order("TWICE")
    await silent.until_fulfillment(order_id, "released")

    first, second = await asyncio.gather(silent.cancel(order_id), silent.cancel(order_id))

    assert first.json()["answer"] == second.json()["answer"] == "done"
    order = await silent.until_status(order_id, "canceled")
    assert len([one for one in order["payments"] if one["kind"] == "refunded"]) == 1
    silent.verify()


async def test_a_cancel_in_temporal_undoes_everything(silent: Baton) -> None:
    order_id = await silent.order("OPERATOR")
    await silent.until_fulfillment(order_id, "released")

    await silent.workflow(order_id).cancel()

    order = await silent.until_status(order_id, "canceled")
    assert order["payment_status"] == "refunded"
    silent.verify()


async def shipped(baton: Baton, name: str) -> str:
    """An order whose parcel is on the road."""
    order_id = await baton.order(name)
    order = await baton.until_fulfillment(order_id, "released")
    await baton.pick_and_pack(order["fulfillment_orders"][0]["fulfillment_order_id"], **LINES)
    order = await baton.until(order_id, lambda order: bool(order["shipments"]))
    await baton.track(order, "in_transit")
    await baton.until_fulfillment(order_id, "shipped")
    return order_id
