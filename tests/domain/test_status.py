"""The status tables: no dead end, no orphan, and one guard for all."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import pytest

from domain.errors import Refusal
from domain.status import (
    FULFILLMENT,
    ORDER,
    RETURN,
    FulfillmentStatus,
    NotAllowed,
    OrderStatus,
    PaymentStatus,
    ReturnStatus,
    advance,
    is_final,
    payment_status,
)

Table = Mapping[Any, frozenset[Any]]
AXES = [
    pytest.param(OrderStatus, ORDER, id="order"),
    pytest.param(FulfillmentStatus, FULFILLMENT, id="fulfillment"),
    pytest.param(ReturnStatus, RETURN, id="return"),
]
MOVES = [
    pytest.param(table, now, to, id=f"{type(now).__name__}-{now}-{to}")
    for table in (ORDER, FULFILLMENT, RETURN)
    for now in table
    for to in table
]

DERIVED: list[tuple[list[tuple[str, int]], PaymentStatus]] = [
    ([], PaymentStatus.PENDING),
    ([("authorized", 1000)], PaymentStatus.AUTHORIZED),
    ([("failed", 1000)], PaymentStatus.FAILED),
    ([("authorized", 1000), ("voided", 1000)], PaymentStatus.VOIDED),
    ([("authorized", 1000), ("captured", 1000)], PaymentStatus.PAID),
    ([("failed", 1000), ("captured", 1000)], PaymentStatus.PAID),
    ([("captured", 400)], PaymentStatus.PARTIALLY_PAID),
    ([("captured", 400), ("captured", 600)], PaymentStatus.PAID),
    ([("captured", 1200)], PaymentStatus.PAID),
    ([("captured", 1000), ("refunded", 1)], PaymentStatus.PARTIALLY_REFUNDED),
    ([("captured", 1000), ("refunded", 400), ("refunded", 600)], PaymentStatus.REFUNDED),
    ([("captured", 1000), ("credited", 400)], PaymentStatus.PARTIALLY_REFUNDED),
    ([("captured", 1000), ("refunded", 400), ("credited", 600)], PaymentStatus.REFUNDED),
]


def reachable(table: Table, start: Any) -> set[Any]:
    seen, edge = {start}, [start]
    while edge:
        new = table[edge.pop()] - seen
        seen |= new
        edge += new
    return seen


@pytest.mark.parametrize(("axis", "table"), AXES)
def test_every_status_has_its_line_in_the_table(axis: type[StrEnum], table: Table) -> None:
    assert set(table) == set(axis)


@pytest.mark.parametrize(("axis", "table"), AXES)
def test_every_status_can_be_reached(axis: type[StrEnum], table: Table) -> None:
    assert reachable(table, next(iter(axis))) == set(axis)


@pytest.mark.parametrize(("axis", "table"), AXES)
def test_every_open_status_can_still_end(axis: type[StrEnum], table: Table) -> None:
    for status in axis:
        assert any(is_final(table, end) for end in reachable(table, status)), f"{status} never ends"


@pytest.mark.parametrize(("table", "now", "to"), MOVES)
def test_only_the_moves_of_the_table_are_allowed(table: Table, now: Any, to: Any) -> None:
    if to in table[now] or to == now:
        assert advance(table, now, to) == to
    else:
        with pytest.raises(NotAllowed):
            advance(table, now, to)


@pytest.mark.parametrize(
    "end", [OrderStatus.COMPLETED, OrderStatus.CANCELED, OrderStatus.REJECTED, OrderStatus.EXPIRED]
)
def test_nothing_follows_the_end_of_an_order(end: OrderStatus) -> None:
    assert is_final(ORDER, end)


def test_a_forbidden_move_is_a_refusal_and_never_retried() -> None:
    # when
    with pytest.raises(Refusal) as refused:
        advance(ORDER, OrderStatus.COMPLETED, OrderStatus.CANCELED)

    # then
    assert refused.value.code == "not_allowed"
    assert refused.value.detail == "completed cannot become canceled"


@pytest.mark.parametrize(("movements", "status"), DERIVED)
def test_the_payment_status_follows_from_the_money_that_moved(
    movements: list[tuple[str, int]], status: PaymentStatus
) -> None:
    assert payment_status(movements, due=1000) == status


def test_every_payment_status_is_derived_by_some_movements() -> None:
    assert {status for _, status in DERIVED} == set(PaymentStatus)


def test_an_order_that_costs_nothing_is_paid_by_a_capture_of_nothing() -> None:
    assert payment_status([("captured", 0)], due=0) == PaymentStatus.PAID
