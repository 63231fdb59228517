"""Allocations that share a transaction: a fixed number of statements, each order's own answer, and none for all."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Engine, event, select, update

from activities.allocate import Allocate, allocate_orders
from activities.reserve import Reserve, StockRequest, claim_stock
from domain.sourcing.fast import Solution
from domain.sourcing.objective import Problem
from domain.status import NotAllowed
from models.database import Sessions
from models.order import OrderLineRow, OrderRow
from models.parameters import ParameterRow
from models.stock import BackorderRow, ReservationRow
from record.parameters import ParameterCache
from record.sourcing.allocations import Allocation
from record.sourcing.outlooks import OutlookCache
from tests.factories import (
    LAMP,
    TEACUP,
    an_order,
    assert_ledger_explains_stock,
    counters,
    events_of,
    fresh_outlooks,
    place_order,
    place_orders,
    stock_shop,
)

MOST_STATEMENTS = {"reserve": 6, "allocate": 6}


@contextmanager
def statements(engine: Engine) -> Iterator[list[str]]:
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    event.listen(engine, "after_cursor_execute", note)
    yield sent
    event.remove(engine, "after_cursor_execute", note)


def accepted(sessions: Sessions, lines: Sequence[tuple[str, int]], count: int = 1) -> list[str]:
    return place_orders(sessions, [an_order(lines) for _ in range(count)], "accepted")


def reserve_all(sessions: Sessions, orders: Sequence[str], outlooks: OutlookCache | None = None) -> None:
    with sessions.begin() as session:
        claim_stock(session, [StockRequest(order, 1) for order in orders], outlooks or fresh_outlooks())


def allocate_all(
    sessions: Sessions, orders: Sequence[str], outlooks: OutlookCache | None = None
) -> list[Allocation | None]:
    with sessions.begin() as session:
        return allocate_orders(session, [StockRequest(order, 2) for order in orders], outlooks or fresh_outlooks())


def places(allocations: Sequence[Allocation | None]) -> list[list[str] | None]:
    return [one and [work.location_id for work in one.work] for one in allocations]


@pytest.mark.parametrize("count", [1, 5, 20])
def test_a_group_of_any_size_is_reserved_and_allocated_by_a_few_statements(
    count: int, sessions: Sessions, engine: Engine
) -> None:
    # given
    stock_shop(sessions, {"HANGZHOU": {LAMP: 100, TEACUP: 100}, "CHENGDU": {LAMP: 100, TEACUP: 100}})
    outlooks = fresh_outlooks(600)
    orders, warm_up = accepted(sessions, [(LAMP, 2), (TEACUP, 1)], count), accepted(sessions, [(LAMP, 1)])
    reserve_all(sessions, warm_up, outlooks)

    # when
    with statements(engine) as reserving:
        reserve_all(sessions, orders, outlooks)
    with statements(engine) as allocating:
        allocations = allocate_all(sessions, orders, outlooks)

    # then
    assert {"reserve": len(reserving), "allocate": len(allocating)} == MOST_STATEMENTS
    assert places(allocations) == [["HANGZHOU"]] * count
    assert counters(sessions, LAMP)["allocated"] == 2 * count
    assert_ledger_explains_stock(sessions)


def test_an_order_that_cannot_be_allocated_disturbs_no_other(sessions: Sessions) -> None:
    # given: a canceled order, an unknown one and one that somebody else holds
    stock_shop(sessions, {"HANGZHOU": {LAMP: 10}})
    first, canceled, held, last = orders = accepted(sessions, [(LAMP, 1)], 4)
    reserve_all(sessions, [first, canceled, held, last])
    with sessions.begin() as session:
        session.get_one(OrderRow, canceled).status = "canceled"
    allocate = Allocate(sessions, fresh_outlooks())

    # when
    with sessions.begin() as somebody:
        somebody.get_one(OrderRow, held, with_for_update=True)
        allocations = allocate_all(sessions, [*orders, "NOBODY"])

    # then
    assert places(allocations) == [["HANGZHOU"], None, None, ["HANGZHOU"], None]
    with pytest.raises(NotAllowed):
        allocate.allocate_stock(StockRequest(canceled, 2))
    with pytest.raises(KeyError):
        allocate.allocate_stock(StockRequest("NOBODY", 2))
    assert len(allocate.allocate_stock(StockRequest(held, 2)).work) == 1
    assert_ledger_explains_stock(sessions)


def test_the_last_units_go_to_the_first_and_reserved_ones_to_their_order(sessions: Sessions) -> None:
    # given: four lamps are reserved, and one is free
    stock_shop(sessions, {"HANGZHOU": {LAMP: 5}})
    early, late = accepted(sessions, [(LAMP, 2)], 2), accepted(sessions, [(LAMP, 1)], 2)
    reserve_all(sessions, early)

    # when
    allocations = allocate_all(sessions, [*late, *early])

    # then
    assert places(allocations) == [["HANGZHOU"], [], ["HANGZHOU"], ["HANGZHOU"]]
    assert [one and one.short_units for one in allocations] == [0, 1, 0, 0]
    assert events_of(sessions, late[1]) == ["sourcing.failed"]
    with sessions() as session:
        assert session.scalars(select(BackorderRow.order_id)).all() == [late[1]]
        assert session.scalars(select(ReservationRow)).all() == []
    assert_ledger_explains_stock(sessions)


def test_an_order_twice_in_a_group_is_allocated_once(sessions: Sessions) -> None:
    # given
    stock_shop(sessions, {"HANGZHOU": {LAMP: 10}})
    [order] = accepted(sessions, [(LAMP, 2)])

    # when
    with sessions.begin() as session:
        requests = [StockRequest(order, 2), StockRequest(order, 2), StockRequest(order, 3)]
        first, again, next_round = allocate_orders(session, requests, fresh_outlooks())

    # then
    assert first == again
    assert next_round is None
    assert Allocate(sessions, fresh_outlooks()).allocate_stock(StockRequest(order, 3)) == Allocation()
    assert counters(sessions, LAMP) == {"on_hand": 10, "allocated": 2, "available": 8}


def test_what_is_reserved_and_no_longer_wanted_is_released(sessions: Sessions) -> None:
    # given
    stock_shop(sessions, {"HANGZHOU": {LAMP: 5, TEACUP: 5}})
    fewer, nothing = orders = accepted(sessions, [(LAMP, 2), (TEACUP, 1)], 2)
    reserve_all(sessions, orders)
    with sessions.begin() as session:
        cup, rest = (OrderLineRow.order_id == fewer) & (OrderLineRow.line_no == 2), OrderLineRow.order_id == nothing
        session.execute(update(OrderLineRow).where(cup | rest).values(withdrawn=OrderLineRow.quantity))

    # when
    allocations = allocate_all(sessions, orders)

    # then
    assert places(allocations) == [["HANGZHOU"], []]
    assert counters(sessions, LAMP) == {"on_hand": 5, "allocated": 2, "available": 3}
    assert counters(sessions, TEACUP) == {"on_hand": 5, "available": 5}
    assert_ledger_explains_stock(sessions)


def test_the_exact_solver_holds_up_no_group(sessions: Sessions) -> None:
    # given: goods of which no location has all, and settings that ask for the best split
    solved: list[bool] = []
    stock_shop(sessions, {"HANGZHOU": {LAMP: 5}, "CHENGDU": {LAMP: 5, TEACUP: 1}, "NINGBO": {TEACUP: 5}})
    with sessions.begin() as session:
        weights = session.scalars(select(ParameterRow).where(ParameterRow.name == "sourcing_weights")).one()
        session.execute(
            update(ParameterRow)
            .values(value=weights.value | {"exact_above": 0})
            .where(ParameterRow.parameter_id == weights.parameter_id)
        )
    [hard], [plain] = accepted(sessions, [(LAMP, 7), (TEACUP, 3)]), accepted(sessions, [(LAMP, 1)])

    def solver(problem: Problem, seconds: float) -> Solution | None:
        solved.append(True)
        return None

    outlooks = OutlookCache(ParameterCache(), solver)
    reserve, allocate = Reserve(sessions, outlooks), Allocate(sessions, outlooks)

    # when
    allocations = allocate_all(sessions, [hard, plain], outlooks)
    in_group = list(solved)
    alone = allocate.allocate_stock(StockRequest(hard, 2))
    reserved = reserve.reserve_stock(StockRequest(place_order(sessions, [(LAMP, 1), (TEACUP, 2)]), 1))

    # then
    assert places(allocations) == [None, ["HANGZHOU"]]
    assert in_group == []
    assert len(alone.work) > 1
    assert solved
    assert reserved.units == 3
    assert_ledger_explains_stock(sessions)
