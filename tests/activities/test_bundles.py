"""Bundles are sold as one and claimed, sent and given back as their parts."""

from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from sqlalchemy import func, select, update

from activities.reserve import StockRequest
from activities.shortages import Shortages
from activities.withdraw import Withdrawal, Withdrawn
from domain.undo import UndoRequest
from models.fulfillment import FulfillmentLineRow, FulfillmentOrderRow
from models.returns import ReturnRow
from models.stock import BackorderRow, LocationRow
from record.returns import cases
from record.sourcing.claims import Reservation
from record.sourcing.needs import outstanding
from record.stock.products import set_parts, set_substitutes
from record.stock.shortage_decisions import Decision, Settled
from tests.activities.story import Steps
from tests.factories import LAMP, TEACUP, an_order, assert_ledger_explains_stock, counters, place_orders, stock_shop

SET, RUG = "EVENING-SET", "WOOL-RUG"
ROUNDS = count(100)


def a_set(steps: Steps, **parts: int) -> None:
    """Put an evening set on sale: a lamp and two cups, unless other parts are given."""
    stock_shop(steps.sessions, {"HANGZHOU": {SET: 0}})
    with steps.sessions.begin() as session:
        set_parts(session, SET, parts or {LAMP: 1, TEACUP: 2})


def ordering(steps: Steps, *lines: tuple[str, int]) -> Steps:
    (order_id,) = place_orders(steps.sessions, [an_order(lines)], "accepted")
    return replace(steps, order_id=order_id, stored={})


def reserved(steps: Steps) -> Reservation:
    return steps.reserve.reserve_stock(StockRequest(steps.order_id, 1))


def test_a_bundle_and_loose_units_of_its_parts_are_claimed_together(steps: Steps) -> None:
    # given
    a_set(steps)
    order = ordering(steps, (SET, 2), (TEACUP, 1))

    # when
    reservation = reserved(order)

    # then
    assert reservation == Reservation(7, ["HANGZHOU"])
    assert counters(steps.sessions, LAMP) == {"on_hand": 10, "reserved": 2, "available": 8}
    assert counters(steps.sessions, TEACUP) == {"on_hand": 10, "reserved": 5, "available": 5}
    assert counters(steps.sessions, SET) == {}


def test_a_bundle_is_short_of_the_part_that_is_missing(steps: Steps) -> None:
    # given
    a_set(steps)
    order = ordering(steps, (SET, 6))

    # when
    reservation = reserved(order)

    # then
    assert reservation.short_units == 2
    with steps.sessions() as session:
        assert [(row.sku, row.quantity) for row in session.scalars(select(BackorderRow))] == [(TEACUP, 2)]


def proposals(order: Steps) -> list[dict[str, Any]]:
    Shortages(order.sessions, order.refunds.ways).propose(order.order_id)
    with order.sessions() as session:
        row = session.get_one(BackorderRow, (order.order_id, TEACUP))
        return [{name: value for name, value in one.items() if name != "until"} for one in row.proposals]


def decided(order: Steps, action: str, sku: str = "", instead: str = "") -> Settled:
    shortages = Shortages(order.sessions, order.refunds.ways)
    return shortages.decide_shortage(Decision(order.order_id, next(ROUNDS), action, sku, instead, "mo", ""))


def still_to_send(order: Steps) -> dict[str, int]:
    with order.sessions() as session:
        return outstanding(session, order.order_id)


@pytest.fixture
def replaced(steps: Steps) -> Steps:
    """A set on sale, and nine rugs as its substitute."""
    a_set(steps)
    stock_shop(steps.sessions, {"HANGZHOU": {RUG: 9}})
    with steps.sessions.begin() as session:
        set_substitutes(session, SET, [RUG])
    return steps


def test_a_short_part_is_decided_about_by_the_line_of_its_bundle(replaced: Steps) -> None:
    # given sets that need more cups than there are, beside a cup by itself
    order = ordering(replaced, (SET, 5), (TEACUP, 1))
    assert reserved(order).short_units == 1

    # when
    proposed = proposals(order)
    refused = decided(order, "substitute", TEACUP, RUG)
    settled = decided(order, "cancel_line", SET)

    # then
    assert proposed == [
        {"action": "substitute", "substitute_sku": RUG, "sku": SET},
        {"action": "split", "units": 15},
        {"action": "wait"},
        {"action": "cancel_line", "sku": SET},
        {"action": "cancel_line"},
    ]
    assert refused.refusal
    assert (settled.refusal, settled.repay_minor > 0, settled.nothing_left) == ("", True, False)
    assert still_to_send(order) == {TEACUP: 1}


def test_a_substitute_takes_the_place_of_a_bundle_that_is_short_of_a_part(replaced: Steps) -> None:
    # given
    order = ordering(replaced, (SET, 6))
    reserved(order)

    # when
    settled = decided(order, "substitute", SET, RUG)

    # then
    assert settled == Settled()
    assert still_to_send(order) == {RUG: 6}


def test_a_partly_allocated_bundle_is_not_canceled(steps: Steps) -> None:
    # given
    a_set(steps)
    order = ordering(steps, (SET, 6))
    steps.allocate.allocate_stock(StockRequest(order.order_id, 1, partial=True))

    # when
    settled = decided(order, "cancel_line")

    # then
    assert settled.refusal
    assert still_to_send(order) == {TEACUP: 2}


def test_the_parts_are_allocated_and_nothing_remains_to_source(steps: Steps) -> None:
    # given
    a_set(steps)
    order = ordering(steps, (SET, 2))
    reserved(order)

    # when
    allocation = steps.allocate.allocate_stock(StockRequest(order.order_id, 2))
    again = steps.allocate.allocate_stock(StockRequest(order.order_id, 3))

    # then
    with steps.sessions() as session:
        lines = session.scalars(select(FulfillmentLineRow).order_by(FulfillmentLineRow.sku))
        assert {line.sku: line.quantity for line in lines} == {LAMP: 2, TEACUP: 4}
    assert [work.units for work in allocation.work] == [6]
    assert again.work == []
    assert_ledger_explains_stock(steps.sessions)


def test_an_order_keeps_the_parts_that_were_valid_when_it_was_received(steps: Steps) -> None:
    # given
    a_set(steps)
    before = ordering(steps, (SET, 1))

    # when
    with steps.sessions.begin() as session:
        set_parts(session, SET, {LAMP: 2})
    after = ordering(steps, (SET, 1))

    # then
    assert (reserved(before).units, reserved(after).units) == (3, 2)
    steps.reserve.release_stock(UndoRequest(before.order_id, before.order_id, "canceled"))
    assert counters(steps.sessions, TEACUP) == {"on_hand": 10, "available": 10}


def test_a_bundle_withdrawn_before_it_left_is_not_sent(steps: Steps) -> None:
    # given
    a_set(steps)
    order = ordering(steps, (SET, 2), (TEACUP, 1))
    order.requests.open_return(order.requested(lines={1: 1}))

    # when
    withdrawn = order.withdraw.withdraw_lines(Withdrawal(order.order_id, order.case, "recalled"))

    # then
    assert withdrawn == Withdrawn(True, 4)
    assert reserved(order).units == 4


def test_the_warehouse_expects_the_parts_of_a_bundle(steps: Steps) -> None:
    # given
    a_set(steps)
    order = ordering(steps, (SET, 2))
    order.requests.open_return(order.requested(lines={1: 2}))

    # when
    with order.sessions() as session:
        units = cases.by_sku(session, session.get_one(ReturnRow, order.case))

    # then
    assert units == {LAMP: 2, TEACUP: 4}


@pytest.mark.parametrize(
    ("came", "paid"),
    [({LAMP: 2, TEACUP: 4}, 2), ({LAMP: 2, TEACUP: 3}, 1), ({LAMP: 2}, 0), ({LAMP: 9, TEACUP: 9}, 2)],
    ids=["all", "a cup is missing", "no cups", "too much"],
)
def test_only_bundles_that_came_back_whole_are_refunded(steps: Steps, came: dict[str, int], paid: int) -> None:
    # given
    a_set(steps)
    order = ordering(steps, (SET, 2))
    reserved(order)
    order.allocate.allocate_stock(StockRequest(order.order_id, 2))
    order.requests.open_return(order.requested(lines={1: 2}))
    with order.sessions.begin() as session:
        session.execute(update(FulfillmentOrderRow).values(shipped_at=func.now()))
        session.get_one(ReturnRow, order.case).status = "approved"
    lines = [{"sku": sku, "quantity": units} for sku, units in came.items()]

    # when
    order.record_return(order.return_event("received", lines))

    # then
    with order.sessions() as session:
        assert cases.returned_units(session, session.get_one(ReturnRow, order.case)) == {1: paid}


def test_stock_at_a_virtual_location_is_not_promised(steps: Steps) -> None:
    # given
    with steps.sessions.begin() as session:
        session.get_one(LocationRow, "HANGZHOU").kind = "virtual"
    order = ordering(steps, (LAMP, 4))

    # when
    reservation = reserved(order)

    # then
    assert reservation == Reservation(0, [], 1)
