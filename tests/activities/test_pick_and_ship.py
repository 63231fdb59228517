"""Requests to warehouse and carrier: made once, with the whole address, and taken back while that is possible."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from activities.pick import PickAnswer
from tests.activities.story import Steps
from tests.factories import LAMP, RECEIVER, TEACUP, assert_ledger_explains_stock, counters, events_of, place_order

Ask = Callable[..., Any]


def test_the_warehouse_gets_the_lines_and_the_address(steps: Steps, ask: Ask) -> None:
    # given / when
    answer = steps.up_to("release_to_pick").pick.release_to_pick(steps.step())

    # then
    work = ask(f"/wms/fulfillment-orders/{steps.work}")["request"]
    assert answer == PickAnswer("released")
    assert work["location_id"] == "HANGZHOU"
    assert work["lines"] == [{"sku": LAMP, "quantity": 2}, {"sku": TEACUP, "quantity": 1}]
    assert work["ship_to"] == {"country": "CN", "province": "Zhejiang", **RECEIVER}


def test_work_recalled_before_its_release_is_rejected_and_its_stock_is_freed(steps: Steps) -> None:
    # given
    steps.up_to("allocate_stock")
    recalled = steps.pick.recall_pick(steps.undo(steps.work))

    # when
    answer = steps.pick.release_to_pick(steps.step())

    # then
    assert recalled.done
    assert answer == PickAnswer("rejected", "pick_rejected")
    assert counters(steps.sessions, LAMP) == {"on_hand": 10, "available": 10}
    assert_ledger_explains_stock(steps.sessions)


def test_the_carrier_gets_the_origin_and_the_weight(steps: Steps, ask: Ask) -> None:
    # given / when
    answer = steps.before("book_shipment").ship.book_shipment(steps.step())

    # then
    booked = ask(f"/tms/shipments/{steps.shipment}")
    assert (answer.shipment_id, answer.refusal) == (steps.shipment, "")
    assert (answer.carrier, answer.waybill) == (booked["carrier"], booked["waybill"])
    assert booked["request"]["from"] == {"location_id": "HANGZHOU", "country": "CN", "region": "Zhejiang"}
    assert booked["request"]["parcels"] == [{"weight_grams": 1100}]


def test_a_booking_voided_before_it_was_made_is_refused(steps: Steps) -> None:
    # given
    steps.before("book_shipment")
    voided = steps.ship.void_waybill(steps.undo(steps.shipment))

    # when
    answer = steps.ship.book_shipment(steps.step())

    # then
    assert voided.done
    assert answer.refusal == "voided"


def test_a_parcel_that_no_carrier_takes_is_refused_and_no_failure(steps: Steps) -> None:
    # given
    order_id = place_order(steps.sessions, channel_order_id="TM-UNDELIVERABLE")
    far = replace(steps, order_id=order_id, stored={}).before("book_shipment")

    # when
    answer = far.ship.book_shipment(far.step())

    # then
    assert (answer.refusal, answer.waybill) == ("undeliverable", "")


def test_the_next_round_of_a_booking_is_another_shipment(steps: Steps) -> None:
    # given
    steps.up_to("book_shipment").ship.void_waybill(steps.undo(steps.shipment))

    # when
    again = steps.ship.book_shipment(replace(steps.step(), round=2))

    # then
    assert again.shipment_id == f"{steps.work}-S2"
    assert again.waybill
    assert events_of(steps.sessions, steps.order_id).count("shipment.booked") == 2


def test_a_parcel_in_transit_can_be_intercepted(steps: Steps) -> None:
    # given
    steps.up_to("record_progress:in_transit")

    # when
    answer = steps.ship.intercept_parcel(steps.undo(steps.shipment))

    # then
    assert answer.asked
    assert "shipment.interception_asked" in events_of(steps.sessions, steps.order_id)
