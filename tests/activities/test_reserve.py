"""Reserving and allocating: all or nothing, from the nearest location; an arrival wakes orders that wait."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from activities.reserve import StockRequest
from models.order import OrderRow
from models.stock import BackorderRow
from record.sourcing.allocations import Allocation, Work
from record.sourcing.claims import Reservation
from record.stock.queue import CarryResult
from record.stock.receipts import receive_goods
from tests.activities.story import BOTH, Steps
from tests.factories import (
    LAMP,
    TEACUP,
    an_order,
    assert_ledger_explains_stock,
    counters,
    events_of,
    place_orders,
    stock_shop,
    store_webhook,
)


def ordering(steps: Steps, *lines: tuple[str, int]) -> Steps:
    """Another accepted order, for these lines."""
    (order_id,) = place_orders(steps.sessions, [an_order(lines)], "accepted")
    return replace(steps, order_id=order_id, stored={})


def reserved(steps: Steps, round_: int = 1) -> Reservation:
    return steps.reserve.reserve_stock(StockRequest(steps.order_id, round_))


def allocated(steps: Steps, round_: int = 2) -> Allocation:
    return steps.allocate.allocate_stock(StockRequest(steps.order_id, round_))


def waiting(steps: Steps) -> dict[str, int]:
    with steps.sessions() as session:
        rows = session.scalars(select(BackorderRow).where(BackorderRow.order_id == steps.order_id))
        return {row.sku: row.quantity for row in rows}


def test_the_nearest_location_that_has_all_is_claimed(steps: Steps) -> None:
    # when
    reservation = reserved(steps)

    # then
    assert reservation == Reservation(3, ["HANGZHOU"])
    assert counters(steps.sessions, LAMP) == {"on_hand": 10, "reserved": 2, "available": 8}


def test_two_lines_of_one_sku_are_one_claim(steps: Steps) -> None:
    # given
    twice = ordering(steps, (LAMP, 2), (LAMP, 3))

    # when
    reservation = reserved(twice)

    # then
    assert reservation == Reservation(5, ["HANGZHOU"])
    assert counters(steps.sessions, LAMP) == {"on_hand": 10, "reserved": 5, "available": 5}


def test_an_order_that_is_too_large_for_one_location_is_split(steps: Steps) -> None:
    # given
    large = ordering(steps, (LAMP, 12))
    reserved(large)

    # when
    allocation = allocated(large)

    # then
    assert allocation.work == [
        Work(f"{large.order_id}-1", "HANGZHOU", 10),
        Work(f"{large.order_id}-2", "CHENGDU", 2),
    ]
    assert counters(steps.sessions, LAMP) == {"on_hand": 10, "allocated": 10}
    assert counters(steps.sessions, LAMP, "CHENGDU") == {"on_hand": 3, "allocated": 2, "available": 1}
    assert_ledger_explains_stock(steps.sessions)


def test_nothing_is_claimed_while_something_is_short(steps: Steps) -> None:
    # given
    greedy = ordering(steps, (LAMP, 14), (TEACUP, 1))

    # when
    reservation = reserved(greedy)

    # then
    assert reservation == Reservation(0, [], 1)
    assert waiting(greedy) == {LAMP: 1}
    assert counters(steps.sessions, TEACUP) == {"on_hand": 10, "available": 10}
    assert events_of(steps.sessions, greedy.order_id) == ["sourcing.failed"]


def test_an_arrival_wakes_only_orders_it_can_serve(steps: Steps) -> None:
    # given
    first, second, other = ordering(steps, (LAMP, 14)), ordering(steps, (LAMP, 20)), ordering(steps, ("RARE-RUG", 1))
    for buyer in (first, second, other):
        reserved(buyer)
    event = store_webhook(
        steps.sessions, "erp", "stock.received", "R-1", receipt_id="R-1", location_id="CHENGDU", lines=BOTH
    )

    # when
    news = receive_goods(steps.sessions, *event)

    # then
    with steps.sessions() as session:
        number = session.get_one(OrderRow, first.order_id).channel_order_id
    assert news == CarryResult(True, [("tmall", number)])
    assert reserved(first, round_=2) == Reservation(14, ["CHENGDU", "HANGZHOU"])
    assert waiting(first) == {}
    assert_ledger_explains_stock(steps.sessions)


def test_a_location_that_rejected_an_order_is_not_asked_again(steps: Steps) -> None:
    # given
    stock_shop(steps.sessions, {"CHENGDU": {LAMP: 5, TEACUP: 5}})
    steps.up_to("release_to_pick").record(steps.warehouse_event("rejected", reason="the lamps are wet"))

    # when
    allocation = allocated(steps, round_=3)

    # then
    assert allocation.work == [Work(f"{steps.order_id}-2", "CHENGDU", 3)]
    assert_ledger_explains_stock(steps.sessions)


def test_the_rest_of_a_short_pick_is_allocated_again(steps: Steps) -> None:
    # given
    steps.up_to("release_to_pick")
    steps.record(steps.warehouse_event("picked", lines=[{"sku": LAMP, "quantity": 1}, {"sku": TEACUP, "quantity": 1}]))

    # when
    allocation = allocated(steps, round_=3)

    # then
    assert [work.units for work in allocation.work] == [1]
    assert_ledger_explains_stock(steps.sessions)


def test_nothing_is_allocated_when_nothing_remains_to_send(steps: Steps) -> None:
    # given
    steps.up_to("allocate_stock")

    # when / then
    assert allocated(steps, round_=3) == Allocation([], 0)


@pytest.mark.parametrize("status", ["in_transit", "delivered"])
def test_stock_of_a_shipped_parcel_cannot_be_deallocated(status: str, steps: Steps) -> None:
    # given
    steps.up_to(f"record_progress:{status}")

    # when
    answer = steps.allocate.deallocate_stock(steps.undo(steps.work))

    # then
    assert not answer.done
    assert counters(steps.sessions, LAMP) == {"on_hand": 8, "available": 8}
    assert_ledger_explains_stock(steps.sessions)


def test_released_stock_can_be_claimed_by_another_order(steps: Steps) -> None:
    # given
    all_lamps, next_one = ordering(steps, (LAMP, 13)), ordering(steps, (LAMP, 13))
    reserved(all_lamps)
    assert reserved(next_one).short_units == 13

    # when
    steps.reserve.release_stock(all_lamps.undo(all_lamps.order_id))

    # then
    assert reserved(next_one, round_=2).units == 13
    assert waiting(next_one) == {}
    assert_ledger_explains_stock(steps.sessions)


def test_a_partial_reservation_takes_what_there_is_and_the_rest_later(steps: Steps) -> None:
    # given
    greedy = ordering(steps, (LAMP, 14), (TEACUP, 1))

    # when
    first = greedy.reserve.reserve_stock(StockRequest(greedy.order_id, 1, partial=True))
    lacking = waiting(greedy)
    stock_shop(greedy.sessions, {"CHENGDU": {LAMP: 2}})
    second = reserved(greedy, round_=2)

    # then
    assert (first, second) == (Reservation(14, ["CHENGDU", "HANGZHOU"], 1), Reservation(1, ["CHENGDU"]))
    assert (lacking, waiting(greedy)) == ({LAMP: 1}, {})
    assert counters(steps.sessions, LAMP, "CHENGDU") == {"on_hand": 5, "reserved": 4, "available": 1}
    assert events_of(steps.sessions, greedy.order_id) == [
        "reservation.created",
        "sourcing.failed",
        "reservation.created",
    ]
    assert_ledger_explains_stock(steps.sessions)
