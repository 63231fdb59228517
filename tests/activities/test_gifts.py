"""Gifts that rules add: real stock, added once, free, and dropped before paid goods would wait for them."""

from typing import Any

import pytest
from sqlalchemy import select, text

from activities.audit import AuditRequest
from activities.reserve import StockRequest
from activities.withdraw import Withdrawal, Withdrawn
from domain.returns.refunds import value_of
from models.order import OrderLineRow
from record.order_mapping import load_order
from record.sourcing.allocations import Allocation
from record.sourcing.claims import Reservation
from tests.activities.rule_sets import rules_in_force
from tests.activities.story import Steps
from tests.factories import LAMP, assert_ledger_explains_stock, events_of, stock_shop

SOAP = "SILENT-SOAP"


def soap(quantity: int = 1, sku: str = SOAP) -> tuple[str, str, dict[str, Any]]:
    return f"gift-{sku.lower()}", "order.units > 2", {"type": "add_gift", "sku": sku, "quantity": quantity}


@pytest.fixture
def giving(steps: Steps) -> Steps:
    """The shop with two bars of soap."""
    stock_shop(steps.sessions, {"HANGZHOU": {SOAP: 2}})
    return steps


def gifts_of(steps: Steps) -> list[tuple[int, str, int, int]]:
    with steps.sessions() as session:
        rows = session.scalars(select(OrderLineRow).where(OrderLineRow.added_by != "").order_by(OrderLineRow.line_no))
        return [(row.line_no, row.sku, row.quantity, row.withdrawn) for row in rows]


def audit(steps: Steps, revision: int = 1) -> str:
    return steps.audit.audit_order(AuditRequest(steps.order_id, revision)).verdict


def reserve(steps: Steps, number: int = 1) -> Reservation:
    return steps.reserve.reserve_stock(StockRequest(steps.order_id, number))


def test_a_gift_is_added_once_and_reserved_with_the_rest(giving: Steps) -> None:
    # given
    rules_in_force(giving.sessions, soap())

    # when
    verdicts = [audit(giving, revision) for revision in (1, 2)]
    reservation = reserve(giving)

    # then
    assert verdicts == ["pass", "pass"]
    assert gifts_of(giving) == [(3, SOAP, 1, 0)]
    assert reservation == Reservation(4, ["HANGZHOU"])
    assert events_of(giving.sessions, giving.order_id).count("gift.added") == 1
    assert_ledger_explains_stock(giving.sessions)


def test_a_gift_that_is_short_is_dropped_and_the_rest_goes_on(giving: Steps) -> None:
    # given
    rules_in_force(giving.sessions, soap(3))
    audit(giving)

    # when
    reservation = reserve(giving)
    allocation = giving.allocate.allocate_stock(StockRequest(giving.order_id, 2))

    # then
    assert reservation == Reservation(3, ["HANGZHOU"])
    assert (gifts_of(giving), allocation.short_units) == ([(3, SOAP, 3, 3)], 0)
    assert "gift.dropped" in events_of(giving.sessions, giving.order_id)
    assert_ledger_explains_stock(giving.sessions)


def test_a_gift_is_dropped_before_bought_units_of_the_same_goods_wait(giving: Steps) -> None:
    # given two lamps that were bought, twelve more as a gift, and thirteen in the shop
    rules_in_force(giving.sessions, soap(12, LAMP))
    audit(giving)

    # when / then
    assert reserve(giving) == Reservation(3, ["HANGZHOU"])


def test_a_gift_stays_while_only_what_was_paid_for_is_short(giving: Steps) -> None:
    # given
    rules_in_force(giving.sessions, soap())
    audit(giving)
    with giving.sessions.begin() as session:
        session.get_one(OrderLineRow, (giving.order_id, 1)).quantity = 99

    # when / then
    assert reserve(giving).short_units == 86
    assert gifts_of(giving) == [(3, SOAP, 1, 0)]


def test_a_gift_that_the_warehouse_does_not_find_is_dropped(giving: Steps) -> None:
    # given
    rules_in_force(giving.sessions, soap(2))
    giving.before("record_progress:picked")
    found = [{"sku": LAMP, "quantity": 2}, {"sku": "QUIET-TEACUP", "quantity": 1}]
    giving.record(giving.warehouse_event("picked", lines=found))

    # when
    take_all_soap(giving)
    allocation = giving.allocate.allocate_stock(StockRequest(giving.order_id, 3))

    # then
    assert allocation == Allocation([], 0)
    assert gifts_of(giving) == [(3, SOAP, 2, 2)]


def test_a_gift_adds_nothing_to_a_refund_and_does_not_block_the_shipping(giving: Steps) -> None:
    rules_in_force(giving.sessions, soap())
    audit(giving)
    with giving.sessions() as session:
        order = load_order(session, giving.order_id)

    assert value_of(order, {3: 1}, {}).minor_units == 0
    assert value_of(order, {1: 2, 2: 1}, {}) == order.grand_total


def test_an_order_that_is_rejected_gets_no_gift(giving: Steps) -> None:
    rules_in_force(giving.sessions, soap(), ("no", "true", {"type": "reject", "reason": "not today"}))

    assert (audit(giving), gifts_of(giving)) == ("reject", [])


def take_all_soap(steps: Steps) -> None:
    """Make all soap unavailable."""
    with steps.sessions.begin() as session:
        session.execute(text("UPDATE stock SET buffer = available WHERE sku = :sku"), {"sku": SOAP})


def test_a_gift_does_not_travel_alone(giving: Steps) -> None:
    # given
    rules_in_force(giving.sessions, soap())
    audit(giving)
    reserve(giving)
    giving.requests.open_return(giving.requested(lines={1: 2, 2: 1}))

    # when
    withdrawn = giving.withdraw.withdraw_lines(Withdrawal(giving.order_id, giving.case, "recalled"))

    # then
    assert withdrawn == Withdrawn(done=True, left_units=0)
