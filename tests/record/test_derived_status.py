"""The statuses that lists filter by are those that the order's page shows."""

import random
from collections.abc import Callable

from sqlalchemy import ColumnElement, select

from api.orders.view import fulfillment_summary
from domain.status import FulfillmentStatus, PaymentStatus, payment_status
from models.database import Sessions
from models.fulfillment import FulfillmentOrderRow
from models.order import OrderRow, ParcelElsewhereRow
from models.payment import MoneyMovementRow
from models.stock import LocationRow
from record.orders.derived_status import has_fulfillment_status, has_payment_status
from tests.factories import PLACED_AT, an_order, place_orders

KINDS = ("authorized", "captured", "refunded", "credited", "voided", "failed", "moved")
CASES = 250
GONE = [FulfillmentStatus.OPEN, FulfillmentStatus.SHIPPED, FulfillmentStatus.DELIVERED]


def found(sessions: Sessions, condition: ColumnElement[bool]) -> set[str]:
    with sessions() as session:
        return set(session.scalars(select(OrderRow.order_id).where(condition)))


def assert_partition(
    sessions: Sessions, expected: dict[str, str], statuses: list[str], condition: Callable[[str], ColumnElement[bool]]
) -> None:
    for status in statuses:
        assert found(sessions, condition(status)) == {name for name, one in expected.items() if one == status}, status


def test_the_payment_status_of_sql_is_that_of_the_domain(sessions: Sessions) -> None:
    # given orders with all kinds of money that moved
    dice = random.Random(7)
    due = an_order().grand_total.minor_units
    moves = [
        [(dice.choice(KINDS), dice.choice([0, 1, due // 2, due])) for _ in range(number % 5)] for number in range(CASES)
    ]
    orders = place_orders(sessions, [an_order() for _ in moves])
    with sessions.begin() as session:
        session.add_all(
            MoneyMovementRow(
                order_id=order_id,
                kind=kind,
                amount_minor=minor,
                currency="CNY",
                gateway_reference="",
                key=f"{order_id}/{at}",
            )
            for order_id, of_order in zip(orders, moves, strict=True)
            for at, (kind, minor) in enumerate(of_order)
        )

    # then each is found by its status, and by no other
    expected = {order_id: payment_status(of_order, due) for order_id, of_order in zip(orders, moves, strict=True)}
    assert len(set(expected.values())) >= 7
    assert_partition(sessions, expected, list(PaymentStatus), lambda status: has_payment_status(PaymentStatus(status)))


def test_the_fulfillment_status_of_sql_is_that_of_the_page(sessions: Sessions) -> None:
    dice = random.Random(7)
    elsewhere = [[dice.choice(GONE) for _ in range(number % 3 - 1)] for number in range(CASES)]
    parts = [[dice.choice(list(FulfillmentStatus)) for _ in range(number % 4)] for number in range(CASES)]
    orders = place_orders(sessions, [an_order() for _ in parts])
    with sessions.begin() as session:
        session.add(LocationRow(location_id="HZ-1", kind="warehouse", name="Hangzhou", country="CN", province="浙江省"))
        session.flush()
        session.add_all(
            FulfillmentOrderRow(
                fulfillment_order_id=f"{order_id}-{at}",
                order_id=order_id,
                number=at,
                location_id="HZ-1",
                status=status,
                reason="",
            )
            for order_id, of_order in zip(orders, parts, strict=True)
            for at, status in enumerate(of_order)
        )
        session.add_all(
            ParcelElsewhereRow(
                order_id=order_id,
                key=str(at),
                carrier="",
                waybill="",
                lines=[],
                shipped_at=None if status == FulfillmentStatus.OPEN else PLACED_AT,
                delivered_at=PLACED_AT if status == FulfillmentStatus.DELIVERED else None,
            )
            for order_id, of_order in zip(orders, elsewhere, strict=True)
            for at, status in enumerate(of_order)
        )

    expected = {
        order_id: fulfillment_summary([*ours, *theirs])
        for order_id, ours, theirs in zip(orders, parts, elsewhere, strict=True)
    }
    assert_partition(
        sessions, expected, list(FulfillmentStatus), lambda status: has_fulfillment_status(FulfillmentStatus(status))
    )
