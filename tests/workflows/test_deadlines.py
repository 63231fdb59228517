"""Every deadline is a durable timer: one that passes alerts a person or ends the order."""

from datetime import timedelta

from tests.baton import Baton
from tests.workflows.test_cancel import LINES, shipped
from tests.workflows.test_road import repeat_news

MOMENT = timedelta(minutes=1)


async def test_an_order_that_is_not_paid_in_time_expires(silent: Baton) -> None:
    # Given an order whose payment stays pending
    order_id = await silent.order("PAYMENT-UNSETTLED")
    await silent.until_status(order_id, "under_review")

    # When the time to pay is over
    await silent.fast_forward(silent.workflow(order_id), silent.settings.deadlines.payment + MOMENT)

    # Then it ends, and nothing is held for it
    await silent.until_status(order_id, "expired")
    silent.verify()


async def test_a_hold_that_nobody_releases_alerts_a_person(silent: Baton) -> None:
    address = {"name": "Lin Xia", "phone": "+8613800138000", "country": "CN", "city": "深圳"}
    order_id = await silent.order("FORGOTTEN", ship_to=address)
    await silent.until_status(order_id, "under_review")

    await silent.fast_forward(silent.workflow(order_id), silent.settings.deadlines.payment + MOMENT)

    alert = await silent.until_event(order_id, "alert.raised")
    assert alert[0]["data"]["code"] == "HELD"


async def test_a_late_pick_alerts_a_person_until_it_is_done(silent: Baton) -> None:
    # Given a warehouse that took the work and says nothing
    order_id = await silent.order("LATEPICK")
    order = await silent.until_fulfillment(order_id, "released")

    # When the pick is late
    await silent.fast_forward(silent.workflow(order_id), silent.settings.deadlines.pick + MOMENT)

    # Then a person is called, and is no longer needed once it is packed
    assert "pick" in (await silent.until(order_id, lambda order: bool(order["attention"])))["attention"]
    await silent.pick_and_pack(order["fulfillment_orders"][0]["fulfillment_order_id"], **LINES)
    await silent.until(order_id, lambda order: order["attention"] is None)


async def test_a_late_handover_alerts_a_person(silent: Baton) -> None:
    order_id = await silent.order("LATESHIP")
    order = await silent.until_fulfillment(order_id, "released")
    await silent.pick_and_pack(order["fulfillment_orders"][0]["fulfillment_order_id"], **LINES)
    await silent.until(order_id, lambda order: bool(order["shipments"]))

    await silent.fast_forward(silent.workflow(order_id), silent.settings.deadlines.ship + MOMENT)

    alert = await silent.until_event(order_id, "alert.raised")
    assert alert[0]["data"]["code"] == "SHIP_LATE"


async def test_a_late_delivery_alerts_a_person(silent: Baton) -> None:
    # Given a parcel of which there is news after three days
    order_id = await shipped(silent, "LATEDELIVERY")
    await silent.fast_forward(silent.workflow(order_id), timedelta(days=3))
    await silent.track(await silent.show(order_id), "out_for_delivery")
    await silent.until_event(order_id, "shipment.tracking_updated", times=2)
    repeat_news(silent, order_id, days=3)

    # When it is not there in time all the same
    left = silent.settings.deadlines.delivery - timedelta(days=3)
    await silent.fast_forward(silent.workflow(order_id), left + MOMENT)

    # Then a person is called
    alert = await silent.until_event(order_id, "alert.raised")
    assert alert[0]["data"]["code"] == "DELIVERY_LATE"


async def test_stock_that_does_not_arrive_alerts_a_person(silent: Baton) -> None:
    order_id = await silent.order("NOSTOCK", lines=[("LAST-PIANO", 1, "900.00")])
    await silent.until_event(order_id, "sourcing.failed")

    await silent.fast_forward(silent.workflow(order_id), silent.settings.deadlines.backorder + MOMENT)

    alert = await silent.until_event(order_id, "alert.raised")
    assert alert[0]["data"]["code"] == "BACKORDER_LATE"
    await silent.cancel(order_id)
