"""Reports of warehouse and carrier end alike in any order, however often they come."""

from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import select

from models.fulfillment import FulfillmentLineRow, FulfillmentOrderRow, ShipmentRow
from tests.activities.story import A_LAMP, BOTH, Event, Steps
from tests.factories import LAMP, TEACUP, assert_ledger_explains_stock, counters, events_of

SENT = ("picked", "packed", "in_transit", "delivered")
SENT_BACK = ("in_transit", "return_to_sender", "returned")


def report(steps: Steps, what: str, **changes: Any) -> Event:
    """Store the webhook of this report; return its key."""
    match what:
        case "picked":
            return steps.warehouse_event("picked", lines=changes.get("lines", BOTH))
        case "packed":
            return steps.warehouse_event("packed", parcels=[{"weight_grams": 1100}])
        case "returned":
            return steps.warehouse_event("returned", location_id="CHENGDU")
    return steps.tracking_event(what, hours=("in_transit", "return_to_sender", "delivered").index(what))


def outcome(steps: Steps) -> dict[str, Any]:
    """The state of the fulfillment order and its stock, without time stamps."""
    with steps.sessions() as session:
        row = session.get_one(FulfillmentOrderRow, steps.work)
        lines = session.scalars(select(FulfillmentLineRow).order_by(FulfillmentLineRow.sku))
        return {
            "status": row.status,
            "parcels": row.parcels,
            "times": [at is not None for at in (row.packed_at, row.shipped_at, row.delivered_at)],
            "lines": [(line.sku, line.quantity, line.allocated, line.picked) for line in lines],
            "tracking": session.get_one(ShipmentRow, steps.shipment).tracking_status,
            "stock": [counters(steps.sessions, sku) for sku in (LAMP, TEACUP)],
            "far": counters(steps.sessions, LAMP, "CHENGDU"),
            "events": sorted(events_of(steps.sessions, steps.order_id)),
        }


def booked(steps: Steps) -> Steps:
    """An order whose parcel has a waybill before any report of the warehouse."""
    steps.up_to("release_to_pick")
    with steps.sessions.begin() as session:
        waybill = {"carrier": "SF", "waybill": "SF-1", "tracking_status": "pre_transit"}
        session.add(ShipmentRow(shipment_id=steps.shipment, **waybill))
        session.flush()
        session.get_one(FulfillmentOrderRow, steps.work).shipment_id = steps.shipment
    return steps


def record_reports(steps: Steps, reports: tuple[str, ...], **changes: Any) -> None:
    for what in reports:
        steps.record(report(steps, what, **changes))


@pytest.mark.parametrize("arrival", list(permutations(SENT)), ids="-".join)
def test_a_delivery_ends_alike_in_any_order_of_reports(arrival: tuple[str, ...], steps: Steps) -> None:
    # given
    booked(steps)

    # when
    for what in arrival:
        record_reports(steps, (what, what))

    # then
    end = outcome(steps)
    assert end["status"] == end["tracking"] == "delivered"
    assert end["lines"] == [(LAMP, 2, 0, 2), (TEACUP, 1, 0, 1)]
    assert end["stock"] == [{"on_hand": 8, "available": 8}, {"on_hand": 9, "available": 9}]
    assert end["parcels"] == [{"weight_grams": 1100}]
    assert end["times"] == [True] * 3
    for what in ("picked", "packed", "shipped", "delivered"):
        assert end["events"].count(f"fulfillment_order.{what}") == 1
    assert_ledger_explains_stock(steps.sessions)


@pytest.mark.parametrize("arrival", list(permutations(SENT)), ids="-".join)
def test_a_short_pick_costs_the_same_stock_in_any_order_of_reports(arrival: tuple[str, ...], steps: Steps) -> None:
    # given
    booked(steps)

    # when
    record_reports(steps, arrival, lines=A_LAMP)

    # then
    end = outcome(steps)
    assert end["status"] == "delivered"
    assert end["lines"] == [(LAMP, 2, 0, 1), (TEACUP, 1, 0, 0)]
    assert end["stock"] == [{"on_hand": 8, "available": 8}, {"on_hand": 9, "available": 9}]
    assert "fulfillment_order.short_picked" in end["events"]
    assert_ledger_explains_stock(steps.sessions)


@pytest.mark.parametrize("arrival", list(permutations(SENT_BACK)), ids="-".join)
def test_a_returned_parcel_is_stock_again_in_any_order_of_reports(arrival: tuple[str, ...], steps: Steps) -> None:
    # given
    record_reports(booked(steps), ("picked", "packed"))

    # when
    for what in arrival:
        record_reports(steps, (what, what))

    # then
    end = outcome(steps)
    assert (end["status"], end["tracking"]) == ("canceled", "return_to_sender")
    assert end["stock"] == [{"on_hand": 8, "available": 8}, {"on_hand": 9, "available": 9}]
    assert end["far"] == {"on_hand": 5, "available": 5}
    assert_ledger_explains_stock(steps.sessions)


def test_a_returned_parcel_without_a_pick_report_is_restocked_whole(steps: Steps) -> None:
    # given
    record_reports(booked(steps), ("packed", "in_transit"))

    # when
    record_reports(steps, ("returned",))

    # then
    assert counters(steps.sessions, LAMP, "CHENGDU") == {"on_hand": 5, "available": 5}
    assert_ledger_explains_stock(steps.sessions)


def test_a_return_report_for_goods_that_never_left_adds_no_stock(steps: Steps) -> None:
    # given
    steps.up_to("record_progress:picked")

    # when
    record_reports(steps, ("returned",))

    # then
    assert counters(steps.sessions, LAMP) == {"on_hand": 10, "allocated": 2, "available": 8}
    assert_ledger_explains_stock(steps.sessions)


def test_all_reports_at_once_end_like_one_after_the_other(steps: Steps) -> None:
    # given
    booked(steps)
    reports = [report(steps, what) for what in SENT]

    # when
    progress = steps.record(*reports)

    # then
    assert (progress.status, progress.tracking, progress.picked_units, progress.short_units) == (
        "delivered",
        "delivered",
        3,
        0,
    )
    assert_ledger_explains_stock(steps.sessions)


def test_units_not_found_are_written_off_and_still_to_be_sourced(steps: Steps) -> None:
    # given
    steps.up_to("record_progress:picking")

    # when
    progress = steps.record(steps.warehouse_event("picked", lines=A_LAMP))

    # then
    assert (progress.status, progress.picked_units, progress.short_units) == ("picked", 1, 2)
    assert counters(steps.sessions, LAMP) == {"on_hand": 9, "allocated": 1, "available": 8}
    assert counters(steps.sessions, TEACUP) == {"on_hand": 9, "available": 9}
    assert_ledger_explains_stock(steps.sessions)


def test_a_pick_that_found_nothing_ends_the_fulfillment_order(steps: Steps) -> None:
    # given
    steps.up_to("record_progress:picking")

    # when
    progress = steps.record(steps.warehouse_event("picked", lines=[{"sku": LAMP, "quantity": 0}]))

    # then
    assert (progress.status, progress.short_units) == ("canceled", 3)
    assert counters(steps.sessions, LAMP) == {"on_hand": 8, "available": 8}
    assert_ledger_explains_stock(steps.sessions)


def test_lamps_from_two_shelves_are_counted_together(steps: Steps) -> None:
    # given
    steps.up_to("record_progress:picking")
    two_shelves = [*A_LAMP, *A_LAMP, {"sku": TEACUP, "quantity": 1}]

    # when
    progress = steps.record(steps.warehouse_event("picked", lines=two_shelves))

    # then
    assert (progress.picked_units, progress.short_units) == (3, 0)
    assert counters(steps.sessions, LAMP) == {"on_hand": 10, "allocated": 2, "available": 8}


def test_a_second_pick_report_under_another_id_changes_nothing(steps: Steps) -> None:
    # given
    steps.up_to("record_progress:picked")

    # when
    progress = steps.record(steps.warehouse_event("picked", "again", lines=[{"sku": LAMP, "quantity": 0}]))

    # then
    assert (progress.status, progress.picked_units) == ("picked", 3)
    assert counters(steps.sessions, LAMP) == {"on_hand": 10, "allocated": 2, "available": 8}


def test_a_location_that_rejects_gives_its_stock_back(steps: Steps) -> None:
    # given
    steps.up_to("release_to_pick")

    # when
    progress = steps.record(steps.warehouse_event("rejected", reason="the lamps are wet"))

    # then
    assert progress.status == "rejected"
    assert counters(steps.sessions, LAMP) == {"on_hand": 10, "available": 10}


def test_an_older_carrier_report_never_takes_a_newer_ones_place(steps: Steps) -> None:
    # given
    steps.up_to("book_shipment")
    steps.record(steps.tracking_event("out_for_delivery", hours=5))

    # when
    progress = steps.record(steps.tracking_event("in_transit", hours=1))

    # then
    assert (progress.status, progress.tracking) == ("shipped", "out_for_delivery")


def test_a_parcel_not_collected_yet_is_not_shipped(steps: Steps) -> None:
    # given
    steps.up_to("book_shipment")

    # when
    progress = steps.record(steps.tracking_event("pre_transit"))

    # then
    assert (progress.status, progress.tracking) == ("packed", "pre_transit")
    assert counters(steps.sessions, LAMP) == {"on_hand": 10, "allocated": 2, "available": 8}


def test_an_unknown_fulfillment_order_is_reported_canceled(steps: Steps) -> None:
    assert steps.record().status == "canceled"
