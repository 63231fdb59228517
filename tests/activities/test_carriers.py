"""Booking a carrier: the best offer first, the next one if it refuses, each under a key of its own."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from commands.parameters import set_parameter
from models.fulfillment import BookingRow, ParcelRow, ShipmentRow
from models.order import OrderEventRow, OrderRow
from models.stock import ProductRow
from tests.activities.story import YESTERDAY, Steps
from tests.factories import LAMP, events_of, place_order

Ask = Callable[..., Any]


def order_named(steps: Steps, channel_order_id: str) -> Steps:
    order_id = place_order(steps.sessions, channel_order_id=channel_order_id)
    return replace(steps, order_id=order_id, stored={}).before("book_shipment")


def asking_for(steps: Steps, **wishes: Any) -> Steps:
    with steps.sessions.begin() as session:
        wanted = update(OrderRow).where(OrderRow.order_id == steps.order_id)
        session.execute(wanted.values(instructions=OrderRow.instructions.op("||")(wishes)))
    return steps


def events(steps: Steps, event: str) -> list[dict[str, Any]]:
    wanted = select(OrderEventRow).where(OrderEventRow.order_id == steps.order_id, OrderEventRow.type == event)
    with steps.sessions() as session:
        return [row.data for row in session.scalars(wanted.order_by(OrderEventRow.event_id))]


def booking_of(steps: Steps) -> BookingRow:
    with steps.sessions() as session:
        return session.get_one(BookingRow, steps.shipment)


def test_the_cheapest_carrier_is_booked_and_the_log_says_why(steps: Steps, ask: Ask) -> None:
    answer = steps.before("book_shipment").ship.book_shipment(steps.step())

    [booked] = events(steps, "shipment.booked")
    assert (answer.carrier, booked["why"]) == ("JD Logistics", "13.00 CNY in the zone same province, 1 days")
    assert answer.waybill.startswith("JDVA")
    assert [offer["carrier"] for offer in booking_of(steps).offers][:2] == ["JD Logistics", "YTO Express"]
    assert ask(f"/tms/shipments/{steps.shipment}")["carrier"] == "JD Logistics"


def test_a_shipment_has_its_price_service_and_an_sscc_for_each_parcel(steps: Steps) -> None:
    steps.up_to("book_shipment")

    with steps.sessions() as session:
        shipment = session.get_one(ShipmentRow, steps.shipment)
        [parcel] = session.scalars(select(ParcelRow))
    assert (shipment.cost_minor, shipment.cost_currency, shipment.service) == (1300, "CNY", "京东标快")
    assert (parcel.number, parcel.weight_grams, len(parcel.sscc), parcel.sscc[1:8]) == (1, 1100, 18, "9521234")


def test_a_measured_box_is_priced_by_its_volume(steps: Steps) -> None:
    steps.up_to("record_progress:picked")
    box = {"weight_grams": 1_100, "length_mm": 400, "width_mm": 300, "height_mm": 200, "packaging": "carton"}
    steps.record(steps.warehouse_event("packed", parcels=[box]))

    steps.ship.book_shipment(steps.step())

    with steps.sessions() as session:
        [parcel] = session.scalars(select(ParcelRow))
        shipment = session.get_one(ShipmentRow, steps.shipment)
    assert (parcel.length_mm, parcel.width_mm, parcel.height_mm) == (400, 300, 200)
    # 24 liters ÷ 8 are 3 kg: the first and two more.
    assert shipment.cost_minor == 1500


def test_the_next_carrier_is_booked_when_the_first_refuses(steps: Steps, ask: Ask) -> None:
    refused = order_named(steps, "TM-CARRIER-REFUSES")

    answer = refused.ship.book_shipment(refused.step())

    assert answer.carrier == "YTO Express"
    assert events(refused, "shipment.carrier_refused") == [
        {"shipment_id": refused.shipment, "carrier": "JD Logistics", "code": "jd_1045"}
    ]
    assert booking_of(refused).refusals == {"JD Logistics": "jd_1045"}


def test_a_retried_booking_does_not_ask_a_carrier_that_refused(steps: Steps, ask: Ask) -> None:
    refused = order_named(steps, "TM-CARRIER-REFUSES-2")

    answers = [refused.ship.book_shipment(refused.step()) for _ in range(2)]

    assert answers[0] == answers[1]
    # One call was refused, one booked, and the last was the retry.
    assert ask(f"/tms/shipments/{refused.shipment}")["times_asked"] == 3
    assert len(events(refused, "shipment.carrier_refused")) == 1


def test_a_booking_is_refused_only_when_every_carrier_has_refused(steps: Steps) -> None:
    far = order_named(steps, "TM-2-UNDELIVERABLE")

    answer = far.ship.book_shipment(far.step())

    refused = [data["carrier"] for data in events(far, "shipment.carrier_refused")]
    assert answer.refusal == "undeliverable"
    assert refused == ["JD Logistics", "YTO Express", "SF Express", "DHL Express", "UPS"]


@pytest.mark.parametrize(
    ("wishes", "carrier"),
    [({"carrier": "SF Express"}, "SF Express"), ({"carrier": "DHL Express"}, "DHL Express"), ({}, "JD Logistics")],
)
def test_a_requested_carrier_is_booked(steps: Steps, wishes: dict[str, str], carrier: str) -> None:
    asking_for(steps.before("book_shipment"), **wishes)
    assert steps.ship.book_shipment(steps.step()).carrier == carrier


@pytest.mark.parametrize(("days", "carrier"), [(None, "JD Logistics"), (30, "JD Logistics"), (1, "SF Express")])
def test_a_carrier_that_meets_the_promise_is_preferred_to_a_cheaper_one(
    steps: Steps, days: int | None, carrier: str
) -> None:
    # given an order for the far end of the country, promised within `days` days
    steps.before("book_shipment")
    promised = datetime.now(UTC) + timedelta(days=days) if days else None
    with steps.sessions.begin() as session:
        wanted = update(OrderRow).where(OrderRow.order_id == steps.order_id)
        session.execute(wanted.values(province="新疆维吾尔自治区", promised_deliver_by=promised))

    # when / then
    assert steps.ship.book_shipment(steps.step()).carrier == carrier


def test_goods_that_no_carrier_takes_wait_for_a_person(steps: Steps) -> None:
    steps.before("book_shipment")
    with steps.sessions.begin() as session:
        session.execute(update(ProductRow).where(ProductRow.sku == LAMP).values(dangerous_goods_class="explosive"))

    assert steps.ship.book_shipment(steps.step()).refusal == "no_carrier"


def test_with_no_carrier_on_record_the_tms_chooses(steps: Steps) -> None:
    set_parameter(steps.sessions, "carriers", {}, YESTERDAY, None, "a test", "Sun of support")
    steps.before("book_shipment")

    assert steps.ship.book_shipment(steps.step()).carrier == "JD Logistics"


def test_new_rates_do_not_change_a_repeated_booking(steps: Steps) -> None:
    first = steps.before("book_shipment").ship.book_shipment(steps.step())
    since = datetime.now(UTC) - timedelta(minutes=1)
    set_parameter(steps.sessions, "carriers", {}, since, None, "a test", "Sun of support")

    assert steps.ship.book_shipment(steps.step()) == first


@pytest.mark.parametrize("carrier", ["SF Express", "JD Logistics", "DHL Express", "YTO Express"])
def test_every_carrier_voids_a_booking_and_intercepts_a_parcel(steps: Steps, ask: Ask, carrier: str) -> None:
    asking_for(steps.before("book_shipment"), carrier=carrier)
    booked = steps.ship.book_shipment(steps.step())

    asked = steps.ship.intercept_parcel(steps.undo(steps.shipment))
    again = steps.ship.book_shipment(replace(steps.step(), round=2))
    voided = steps.ship.void_waybill(steps.undo(again.shipment_id))
    late = steps.ship.book_shipment(replace(steps.step(), round=2))

    assert (booked.carrier, asked.asked, voided.done, late.refusal) == (carrier, True, True, "voided")
    assert ask(f"/tms/shipments/{again.shipment_id}")["status"] == "voided"


def test_freeing_a_parcel_twice_voids_its_booking_once(steps: Steps) -> None:
    steps.up_to("book_shipment")

    freed = [steps.ship.free_parcel(steps.undo(steps.shipment)) for _ in range(2)]

    assert [one.done for one in freed] == [True, True]
    assert steps.record().waybill == ""
    assert events_of(steps.sessions, steps.order_id).count("shipment.voided") == 1
