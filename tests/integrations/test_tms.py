"""The TMS client against the simulated TMS."""

from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from domain.errors import CarrierRefused, PartnerTrouble
from integrations.bookings import BookingRequest, InterceptionRequest, ReturnBookingRequest, VoidResult
from integrations.http import PartnerHttp
from integrations.tms import Tms
from tests.integrations.servers import CUSTOMER, UNHURRIED_STEP_SECONDS, Event, Receiver

TRACKING = "shipment.tracking_updated"


def parcel(number: str, trouble: str = "", **changes: Any) -> BookingRequest:
    request = BookingRequest(
        shipment_id=number,
        fulfillment_order_id=f"FO-OF-{number}",
        fulfillment_order_ids=[f"FO-OF-{number}"],
        order_id=f"ORDER-OF-{number}",
        channel_order_id=f"TM-{number}-{trouble}",
        origin={"location_id": "HANGZHOU", "country": "CN", "region": "Zhejiang"},
        ship_to=CUSTOMER,
        lines=[{"sku": "ELEGANT-LAMP", "quantity": 2}],
        parcels=[{"weight_grams": 800}],
    )
    return {**request, **changes}  # type: ignore[typeddict-item]


def statuses(events: list[Event]) -> list[str]:
    return [event.data["status"] for event in events if event.type == TRACKING]


def test_a_booked_parcel_is_delivered(tms: Tms, receiver: Receiver) -> None:
    # given / when
    booking = tms.book(parcel("SHP-PLAIN"), "SHP-PLAIN:book")

    # then
    events = receiver.wait_for("SHP-PLAIN", 3)
    assert statuses(events) == ["in_transit", "out_for_delivery", "delivered"]
    assert {event.data["waybill"] for event in events} == {booking.waybill}


@pytest.mark.parametrize(
    ("country", "province", "carrier"),
    [("CN", "Zhejiang", "JD Logistics"), ("CN", "Yunnan", "SF Express"), ("DE", "Hessen", "DHL Express")],
)
def test_the_carrier_depends_on_where_the_parcel_goes(tms: Tms, country: str, province: str, carrier: str) -> None:
    # given
    request = parcel(f"SHP-TO-{province}", ship_to={"country": country, "province": province})

    # when
    booking = tms.book(request, f"SHP-TO-{province}:book")

    # then
    assert booking.carrier == carrier


def test_booking_the_same_shipment_again_gets_the_same_waybill(tms: Tms, receiver: Receiver) -> None:
    # given
    first = tms.book(parcel("SHP-TWICE"), "SHP-TWICE:book")

    # when
    same_key = tms.book(parcel("SHP-TWICE"), "SHP-TWICE:book")
    other_key = tms.book(parcel("SHP-TWICE"), "SHP-TWICE:book:again")
    receiver.wait_for("SHP-TWICE", 3)
    receiver.wait_for_silence()

    # then
    assert first == same_key == other_key
    assert len(receiver.about("SHP-TWICE")) == 3


def test_an_undeliverable_parcel_is_refused(tms: Tms) -> None:
    # given
    request = parcel("SHP-NOWHERE", "UNDELIVERABLE")

    # when
    with pytest.raises(CarrierRefused) as refused:
        tms.book(request, "SHP-NOWHERE:book")

    # then
    assert refused.value.code == "undeliverable"


def test_a_carrier_that_is_down_books_at_the_fourth_attempt(tms: Tms, ask: httpx2.Client) -> None:
    # given
    request = parcel("SHP-DOWN", "CARRIER-DOWN")
    for _ in range(3):
        with pytest.raises(PartnerTrouble, match="answered 503"):
            tms.book(request, "SHP-DOWN:book")

    # when
    booking = tms.book(request, "SHP-DOWN:book")

    # then
    assert booking.carrier == "JD Logistics"
    assert ask.get("/tms/shipments/SHP-DOWN").json()["times_asked"] == 4


def test_a_voided_booking_is_not_carried(unhurried: Callable[[str], PartnerHttp], receiver: Receiver) -> None:
    # given
    tms = Tms(unhurried("tms"))
    tms.book(parcel("SHP-VOIDED"), "SHP-VOIDED:book")

    # when
    result = tms.void("SHP-VOIDED", "the customer canceled", "SHP-VOIDED:void")
    receiver.wait_for_silence(UNHURRIED_STEP_SECONDS)

    # then
    assert result is VoidResult.VOIDED
    assert receiver.about("SHP-VOIDED") == []


def test_a_parcel_in_transit_cannot_be_voided(tms: Tms, receiver: Receiver) -> None:
    # given
    tms.book(parcel("SHP-GOING"), "SHP-GOING:book")
    receiver.wait_for("SHP-GOING", 1)

    # when
    result = tms.void("SHP-GOING", "the customer canceled", "SHP-GOING:void")

    # then
    assert result is VoidResult.TOO_LATE


def test_a_booking_that_arrives_after_its_void_is_refused(tms: Tms) -> None:
    # given
    result = tms.void("SHP-LATE", "the customer canceled", "SHP-LATE:void")

    # when
    with pytest.raises(CarrierRefused) as refused:
        tms.book(parcel("SHP-LATE"), "SHP-LATE:book")

    # then
    assert result is VoidResult.VOIDED
    assert refused.value.code == "voided"


def test_an_intercepted_parcel_comes_back_to_the_warehouse(tms: Tms, receiver: Receiver) -> None:
    # given
    tms.book(parcel("SHP-STOPPED", "LATE-DELIVERY"), "SHP-STOPPED:book")
    receiver.wait_for("SHP-STOPPED", 1)

    # when
    request = tms.intercept("SHP-STOPPED", "100", "the customer canceled", "SHP-STOPPED:intercept")
    again = tms.intercept("SHP-STOPPED", "100", "the customer canceled", "SHP-STOPPED:intercept:again")

    # then
    (returned,) = receiver.wait_for("FO-OF-SHP-STOPPED", 1)
    answered = receiver.about("SHP-STOPPED")[1]
    assert request.asked
    assert again.asked
    assert (answered.type, answered.data["accepted"]) == ("shipment.interception_answered", True)
    assert statuses(receiver.about("SHP-STOPPED")) == ["in_transit", "return_to_sender"]
    assert (returned.partner, returned.type) == ("wms", "fulfillment_order.returned")
    assert returned.data["location_id"] == "HANGZHOU"


def test_a_delivered_parcel_cannot_be_intercepted(tms: Tms, receiver: Receiver) -> None:
    # given
    tms.book(parcel("SHP-THERE"), "SHP-THERE:book")
    receiver.wait_for("SHP-THERE", 3)

    # when
    request = tms.intercept("SHP-THERE", "100", "the customer canceled", "SHP-THERE:intercept")

    # then
    assert request == InterceptionRequest(asked=False, reason="the parcel is delivered")


def test_intercepting_an_unknown_shipment_is_trouble(tms: Tms) -> None:
    with pytest.raises(PartnerTrouble, match="answered 404"):
        tms.intercept("SHP-NEVER", "100", "the customer canceled", "SHP-NEVER:intercept")


def test_a_lost_parcel_cannot_be_intercepted_and_ends_as_an_exception(tms: Tms, receiver: Receiver) -> None:
    # given
    tms.book(parcel("SHP-LOST", "LOST-PARCEL"), "SHP-LOST:book")
    receiver.wait_for("SHP-LOST", 1)

    # when
    request = tms.intercept("SHP-LOST", "100", "the customer canceled", "SHP-LOST:intercept")

    # then
    events = receiver.wait_for("SHP-LOST", 3)
    assert request.asked
    assert events[1].data["accepted"] is False
    assert statuses(events) == ["in_transit", "exception"]


def test_a_late_delivery_takes_twenty_steps_more(tms: Tms, receiver: Receiver) -> None:
    # given / when
    tms.book(parcel("SHP-SLOW", "LATE-DELIVERY"), "SHP-SLOW:book")

    # then
    in_transit, out_for_delivery, _ = receiver.wait_for("SHP-SLOW", 3)
    assert out_for_delivery.at - in_transit.at > 0.8


def test_late_webhooks_arrive_backward_with_true_times(tms: Tms, receiver: Receiver) -> None:
    # given / when
    tms.book(parcel("SHP-BACKWARD", "LATE-WEBHOOK"), "SHP-BACKWARD:book")

    # then
    events = receiver.wait_for("SHP-BACKWARD", 3)
    times = [event.data["occurred_at"] for event in events]
    assert statuses(events) == ["delivered", "out_for_delivery", "in_transit"]
    assert times == sorted(times, reverse=True)


def test_a_parcel_in_transit_can_be_rerouted(tms: Tms, ask: httpx2.Client) -> None:
    tms.book(parcel("SHP-MOVED", "LATE-DELIVERY"), "SHP-MOVED:book")

    answer = tms.reroute("SHP-MOVED", CUSTOMER | {"lines": ["9 Orchid Road"]}, "SHP-MOVED:address:1")

    assert answer.accepted
    assert ask.get("/tms/shipments/SHP-MOVED").json()["request"]["ship_to"]["lines"] == ["9 Orchid Road"]


def test_a_delivered_parcel_cannot_be_rerouted(tms: Tms, receiver: Receiver) -> None:
    tms.book(parcel("SHP-ARRIVED"), "SHP-ARRIVED:book")
    receiver.wait_for("SHP-ARRIVED", 3)

    answer = tms.reroute("SHP-ARRIVED", CUSTOMER, "SHP-THERE:address:1")

    assert (answer.accepted, answer.reason) == (False, "the parcel is delivered")


@pytest.mark.parametrize(
    ("trouble", "reports"),
    [
        ("DAMAGED-PARCEL", [("in_transit", ""), ("exception", "damaged")]),
        ("REFUSED-BY-RECEIVER", [("in_transit", ""), ("out_for_delivery", ""), ("return_to_sender", "refused")]),
        ("FAILED-ATTEMPTS", [("in_transit", ""), *[("failed_attempt", "")] * 3, ("delivered", "")]),
        ("LOST-PARCEL", [("in_transit", ""), ("exception", "lost")]),
    ],
)
def test_a_delivery_trouble_is_reported_with_its_code(
    trouble: str, reports: list[tuple[str, str]], tms: Tms, receiver: Receiver
) -> None:
    tms.book(parcel(f"SHP-{trouble}", trouble), f"SHP-{trouble}:book")

    events = receiver.wait_for(f"SHP-{trouble}", len(reports))

    assert [(one.data["status"], one.data.get("code", "")) for one in events if one.type == TRACKING] == reports


def test_a_delivery_without_signature_is_reported(tms: Tms, receiver: Receiver) -> None:
    tms.book(parcel("SHP-UNSIGNED", "NO-SIGNATURE"), "SHP-UNSIGNED:book")

    assert receiver.wait_for("SHP-UNSIGNED", 3)[-1].data["signed"] is False


def return_request(number: str, trouble: str = "") -> ReturnBookingRequest:
    return ReturnBookingRequest(
        return_id=number,
        order_id=f"ORDER-OF-{number}",
        channel_order_id=f"TM-{number}-{trouble}",
        ship_from=CUSTOMER,
        to={"location_id": "HANGZHOU", "country": "CN", "region": "Zhejiang"},
        lines=[{"sku": "ELEGANT-LAMP", "quantity": 1}],
    )


def test_a_return_is_collected_and_tracked(tms: Tms, receiver: Receiver) -> None:
    # given / when
    bookings = [tms.book_return(return_request("RET-PLAIN"), "RET-PLAIN:label") for _ in range(2)]

    # then
    events = receiver.wait_for("RET-PLAIN", 2)
    assert [event.data["status"] for event in events] == ["in_transit", "delivered"]
    assert {event.type for event in events} == {"return.tracking_updated"}
    assert {booking.waybill for booking in bookings} == {event.data["waybill"] for event in events}


def test_a_voided_return_booking_cannot_be_booked_again(tms: Tms) -> None:
    # given
    answers = [tms.void_return("RET-NEVER", "she keeps it", f"RET-NEVER:void:{number}") for number in (1, 2)]

    # when / then
    assert answers == [VoidResult.VOIDED] * 2
    with pytest.raises(CarrierRefused, match="voided"):
        tms.book_return(return_request("RET-NEVER"), "RET-NEVER:label")


def test_a_return_from_where_no_carrier_goes_is_refused(tms: Tms) -> None:
    with pytest.raises(CarrierRefused, match="undeliverable"):
        tms.book_return(return_request("RET-FAR", "UNDELIVERABLE"), "RET-FAR:label")
