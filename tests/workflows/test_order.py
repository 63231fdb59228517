"""The life of an order: the normal course, and what partners do to it."""

import pytest

from tests.baton import Baton
from tests.workflows.test_cancel import shipped
from tests.workflows.test_shortages import rare, receive


async def test_an_order_goes_from_the_channel_to_the_door(quick: Baton) -> None:
    # When a channel sends an order
    order_id = await quick.order("HAPPY")

    # Then it is delivered from the nearest location, paid, and each recipient got each milestone once
    order = await quick.until_status(order_id, "completed")
    assert order["payment_status"] == "paid"
    assert [one["location_id"] for one in order["fulfillment_orders"]] == ["GUANGZHOU"]
    outcome = await quick.workflow(order_id).result()
    assert outcome["outcome"] == "completed"
    messages = await quick.until_told(order_id)
    assert sorted(messages) == sorted(
        (recipient, milestone)
        for recipient in ("inbox", "channel", "erp", "crm")
        for milestone in ("received", "shipped", "delivered")
    )
    quick.verify()


async def test_a_short_pick_sends_the_rest_back_to_sourcing(quick: Baton) -> None:
    order_id = await quick.order("SP", lines=[("SHORT-PICK-VASE", 3, "50.00")])

    order = await quick.until_status(order_id, "completed")

    picked = [one["lines"][0]["picked"] for one in order["fulfillment_orders"]]
    assert picked == [2, 1]
    quick.verify()


async def test_a_rejected_pick_goes_to_another_location(quick: Baton) -> None:
    order_id = await quick.order("PR", lines=[("PICK-REJECTED-MIRROR", 1, "50.00")])

    order = await quick.until_status(order_id, "completed")

    statuses = [(one["location_id"], one["status"]) for one in order["fulfillment_orders"]]
    assert statuses == [("GUANGZHOU", "rejected"), ("SHANGHAI", "delivered")]
    quick.verify()


@pytest.mark.parametrize("trouble", ["DUPLICATE-WEBHOOK", "LATE-WEBHOOK", "PAYMENT-UNSETTLED"])
async def test_trouble_at_a_partner_only_delays_an_order(quick: Baton, trouble: str) -> None:
    order_id = await quick.order(trouble)

    order = await quick.until_status(order_id, "completed")

    assert order["fulfillment_status"] == "delivered"
    assert order["holds"] == []
    quick.verify()


async def test_a_carrier_that_is_down_is_asked_until_it_is_up(quick: Baton) -> None:
    order_id = await quick.order("CARRIER-DOWN")

    order = await quick.until_status(order_id, "completed")

    assert len(order["shipments"]) == 1


async def test_an_order_without_a_street_waits_for_a_person(quick: Baton) -> None:
    # Given an order whose address has no street
    address = {"name": "Lin Xia", "phone": "+8613800138000", "country": "CN", "city": "深圳"}
    order_id = await quick.order("NOSTREET", ship_to=address)
    order = await quick.until_status(order_id, "under_review")
    assert [hold["code"] for hold in order["holds"]] == ["ADDRESS"]

    # When a person releases the hold
    response = await quick.api.post(f"/orders/{order_id}/holds/ADDRESS/release", json={"note": "the customer called"})

    # Then the order goes on, and its log says who and why
    assert response.status_code == 200
    await quick.until_status(order_id, "completed")
    released = await quick.until_event(order_id, "order.released")
    assert (released[0]["actor"], released[0]["data"]["note"]) == ("Sun of support", "the customer called")


async def test_several_holds_wait_until_the_last_is_gone(silent: Baton) -> None:
    address = {"name": "Lin Xia", "phone": "+8613800138000", "country": "CN", "city": "深圳"}
    order_id = await silent.order("TWOHOLDS", ship_to=address, lines=[("NO-SUCH-THING", 1, "5.00")])
    await silent.until(order_id, lambda order: len(order["holds"]) == 2)

    await silent.api.post(f"/orders/{order_id}/holds/ADDRESS/release", json={"note": "known"})

    order = await silent.until(order_id, lambda order: len(order["holds"]) == 1)
    assert order["status"] == "under_review"


async def test_a_failed_payment_rejects_the_order(quick: Baton) -> None:
    # Given a payment that the gateway calls failed
    reference = "PAY-FAILED-1"
    payment = {"reference": reference, "amount": "330.00", "currency": "CNY", "status": "failed"}
    await quick.simulators.post("/payments/payments", json=payment)

    order_id = await quick.order("FAILED", payment={"reference": reference, "method": "wechat"})

    order = await quick.until_status(order_id, "rejected")
    assert order["payment_status"] == "failed"
    quick.verify()


async def test_the_arrival_of_missing_goods_wakes_the_order(quick: Baton) -> None:
    # Given an order for goods that nobody else waits for, and of which there are none
    sku = rare(quick)
    order_id = await quick.order("BACKORDER", lines=[(sku, 2, "900.00")])
    await quick.until_event(order_id, "sourcing.failed")

    # When the goods arrive
    await receive(quick, sku, 2)

    # Then the order ships from there
    order = await quick.until_status(order_id, "completed")
    assert order["fulfillment_orders"][0]["location_id"] == "SHANGHAI"
    quick.verify()


async def test_a_webhook_before_its_order_is_applied_once_the_order_exists(silent: Baton) -> None:
    # Given a return that the CRM asks for before we know of the order
    await silent.crm(
        "return.requested",
        case_id="EARLY",
        channel="shop",
        channel_order_id="EARLY-ORDER",
        reason="too big",
        lines=[{"line_no": 1, "quantity": 1}],
    )

    # When the order comes
    order_id = await silent.order(channel_order_id="EARLY-ORDER")

    # Then the case begins
    await silent.until_event(order_id, "return.requested")


async def test_a_person_decides_when_no_carrier_takes_the_parcel(silent: Baton) -> None:
    # Given an order that no carrier takes
    order_id = await silent.order("UNDELIVERABLE")
    order = await silent.until_fulfillment(order_id, "released")
    await silent.pick_and_pack(order["fulfillment_orders"][0]["fulfillment_order_id"], ELEGANT_LAMP=2, TEA_SET=1)
    order = await silent.until(order_id, lambda order: bool(order["holds"]))
    assert order["holds"][0]["code"] == "CARRIER_REFUSED"

    # When the order is canceled instead
    answer = (await silent.cancel(order_id)).json()

    # Then everything is undone
    assert answer["answer"] == "done"
    order = await silent.until_status(order_id, "canceled")
    assert order["payment_status"] == "refunded"
    silent.verify()


async def test_a_parcel_lost_by_the_carrier_alerts_a_person_until_it_is_found(silent: Baton) -> None:
    order_id = await shipped(silent, "LOST")

    await silent.track(await silent.show(order_id), "exception")

    assert "exception" in (await silent.until(order_id, lambda order: bool(order["attention"])))["attention"]
    await silent.track(await silent.show(order_id), "delivered")
    order = await silent.until_status(order_id, "completed")
    assert order["attention"] is None


async def test_an_undeliverable_parcel_that_comes_back_waits_for_a_person(silent: Baton) -> None:
    # Given a parcel that nobody took in
    order_id = await shipped(silent, "NOBODYHOME")
    order = await silent.show(order_id)
    await silent.track(order, "return_to_sender")
    first = order["fulfillment_orders"][0]["fulfillment_order_id"]
    await silent.wms("fulfillment_order.returned", fulfillment_order_id=first, location_id="GUANGZHOU")
    order = await silent.until(order_id, lambda order: bool(order["holds"]))
    assert order["holds"][0]["code"] == "CAME_BACK"

    # When a person lets it go out again
    await silent.api.post(f"/orders/{order_id}/holds/CAME_BACK/release", json={"note": "the address is right"})

    # Then it is sent a second time
    order = await silent.until(order_id, lambda order: len(order["fulfillment_orders"]) == 2)
    assert order["fulfillment_orders"][0]["status"] == "canceled"
    silent.verify()
