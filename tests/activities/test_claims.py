"""Concurrent claims on stock: exactly what is there is sold, and nothing deadlocks."""

from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any, TypeVar

from sqlalchemy.exc import IntegrityError

from activities.allocate import Allocate
from activities.reserve import Reserve, StockRequest, claim_stock
from models.database import Sessions
from models.stock import StockRow
from record.sourcing.claims import Reservation
from tests.factories import (
    LAMP,
    TEACUP,
    an_order,
    assert_ledger_explains_stock,
    counters,
    fresh_outlooks,
    place_order,
    place_orders,
    stock_shop,
)

THREADS = 16
Given = TypeVar("Given")
Answer = TypeVar("Answer")


def all_at_once(act: Callable[[Given], Answer], subjects: Iterable[Given]) -> list[Answer]:
    """Run `act` on each subject in many threads; return the answers in order."""
    with ThreadPoolExecutor(THREADS) as threads:
        return list(threads.map(act, subjects))


def test_two_hundred_orders_for_fifty_lamps_sell_exactly_fifty(sessions: Sessions) -> None:
    # given
    stock_shop(sessions, {"HANGZHOU": {LAMP: 30}, "CHENGDU": {LAMP: 20}})
    orders = place_orders(sessions, [an_order([(LAMP, 1)]) for _ in range(200)])
    reserve = Reserve(sessions, fresh_outlooks())

    # when
    reservations = all_at_once(lambda order: reserve.reserve_stock(StockRequest(order, 1)), orders)

    # then
    assert Counter(reservation.units for reservation in reservations) == {1: 50, 0: 150}
    assert counters(sessions, LAMP) == {"on_hand": 30, "reserved": 30}
    assert counters(sessions, LAMP, "CHENGDU") == {"on_hand": 20, "reserved": 20}
    assert_ledger_explains_stock(sessions)


def test_nobody_is_refused_while_there_is_enough_for_all(sessions: Sessions) -> None:
    # given
    stock_shop(sessions, {"HANGZHOU": {LAMP: 35}, "NINGBO": {LAMP: 35}, "CHENGDU": {LAMP: 30}})
    orders = place_orders(sessions, [an_order([(LAMP, 2)]) for _ in range(50)], "accepted")
    reserve, allocate = Reserve(sessions, fresh_outlooks()), Allocate(sessions, fresh_outlooks())

    # when
    def claim(order: str) -> int:
        reserve.reserve_stock(StockRequest(order, 1))
        return allocate.allocate_stock(StockRequest(order, 2)).short_units

    short = all_at_once(claim, orders)

    # then
    assert short == [0] * 50
    assert sum(counters(sessions, LAMP, place)["allocated"] for place in ("HANGZHOU", "NINGBO", "CHENGDU")) == 100
    assert_ledger_explains_stock(sessions)


def test_claims_of_the_same_goods_in_any_line_order_do_not_deadlock(sessions: Sessions) -> None:
    # given
    skus = [f"LAMP-{letter}" for letter in "ABCDEFGH"]
    stock_shop(sessions, {"HANGZHOU": dict.fromkeys(skus, 500)})
    lines = [(sku, 1) for sku in skus]
    there_and_back = [an_order(lines if number % 2 else lines[::-1]) for number in range(60)]
    orders = place_orders(sessions, there_and_back, "accepted")
    reserve, allocate = Reserve(sessions, fresh_outlooks()), Allocate(sessions, fresh_outlooks())

    # when
    def claim(order: str) -> Any:
        reserve.reserve_stock(StockRequest(order, 1))
        return allocate.allocate_stock(StockRequest(order, 2))

    # PostgreSQL ends a deadlock with an error, which would be raised here.
    allocations = all_at_once(claim, orders)

    # then
    assert all(len(allocation.work) == 1 for allocation in allocations)
    assert counters(sessions, "LAMP-A") == {"on_hand": 500, "allocated": 60, "available": 440}
    assert_ledger_explains_stock(sessions)


def test_two_claims_with_the_same_key_at_once_are_one_claim(sessions: Sessions) -> None:
    # given
    stock_shop(sessions, {"HANGZHOU": {LAMP: 10, TEACUP: 10}})
    order, reserve, together = place_order(sessions), Reserve(sessions, fresh_outlooks()), Barrier(2)

    # when
    def claim(_: int) -> Reservation | None:
        together.wait()
        try:
            return reserve.reserve_stock(StockRequest(order, 1))
        except IntegrityError:
            # One of the two is rolled back; Temporal would retry it.
            return None

    answers = all_at_once(claim, range(2))
    again = reserve.reserve_stock(StockRequest(order, 1))

    # then
    assert again in answers
    assert all(answer in (again, None) for answer in answers)
    assert counters(sessions, LAMP) == {"on_hand": 10, "reserved": 2, "available": 8}
    assert_ledger_explains_stock(sessions)


def test_claims_in_a_group_are_served_in_the_order_of_arrival(sessions: Sessions) -> None:
    # given
    stock_shop(sessions, {"HANGZHOU": {LAMP: 3}})
    lines = [(LAMP, 2)], [(LAMP, 2)], [(LAMP, 1)], [(LAMP, 1)]
    orders = place_orders(sessions, [an_order(of_order) for of_order in lines])

    # when
    with sessions.begin() as session:
        reservations = claim_stock(session, [StockRequest(order, 1) for order in orders], fresh_outlooks())

    # then
    assert [(one.units, one.short_units) for one in reservations] == [(2, 0), (0, 1), (1, 0), (0, 1)]
    assert_ledger_explains_stock(sessions)


def test_one_claim_twice_in_a_group_is_one_claim(sessions: Sessions) -> None:
    # given
    stock_shop(sessions, {"HANGZHOU": {LAMP: 10, TEACUP: 10}})
    order = place_order(sessions)

    # when
    with sessions.begin() as session:
        first, again = claim_stock(session, [StockRequest(order, 1)] * 2, fresh_outlooks())

    # then
    assert first == again == Reservation(3, ["HANGZHOU"])
    assert counters(sessions, LAMP)["reserved"] == 2


def test_a_claim_for_an_unknown_order_fails_alone(sessions: Sessions) -> None:
    # given
    stock_shop(sessions, {"HANGZHOU": {LAMP: 100}})
    orders = place_orders(sessions, [an_order([(LAMP, 1)]) for _ in range(40)])
    reserve = Reserve(sessions, fresh_outlooks())

    # when
    def claim(order: str) -> int | None:
        try:
            return reserve.reserve_stock(StockRequest(order, 1)).units
        except KeyError:
            return None

    answers = all_at_once(claim, [*orders[:20], "NOBODY", *orders[20:]])

    # then
    assert answers == [1] * 20 + [None] + [1] * 20


def test_a_locked_row_delays_only_claims_on_it(sessions: Sessions) -> None:
    # given
    stock_shop(sessions, {"HANGZHOU": {LAMP: 100, TEACUP: 100}})
    lamps, cups = ([an_order([(sku, 1)]) for _ in range(8)] for sku in (LAMP, TEACUP))
    held, free = place_orders(sessions, lamps), place_orders(sessions, cups)
    reserve = Reserve(sessions, fresh_outlooks())

    # when
    with ThreadPoolExecutor(THREADS) as threads, sessions.begin() as somebody:
        somebody.get_one(StockRow, (LAMP, "HANGZHOU"), with_for_update=True)
        waiting = [threads.submit(reserve.reserve_stock, StockRequest(order, 1)) for order in held + free]
        assert [one.result(timeout=8).units for one in waiting[8:]] == [1] * 8
        assert not any(one.done() for one in waiting[:8])

    # then
    assert [one.result().units for one in waiting[:8]] == [1] * 8
    assert_ledger_explains_stock(sessions)


def test_two_rounds_of_one_order_in_a_group_claim_nothing_twice(sessions: Sessions) -> None:
    # given
    stock_shop(sessions, {"HANGZHOU": {LAMP: 1, TEACUP: 1}})
    large, small = place_orders(sessions, [an_order([(LAMP, 2)]), an_order([(TEACUP, 1)])])

    # when
    with sessions.begin() as session:
        reservations = claim_stock(
            session, [StockRequest(order, round_) for order in (large, small) for round_ in (1, 2)], fresh_outlooks()
        )

    # then
    assert [(one.units, one.short_units) for one in reservations] == [(0, 1), (0, 1), (1, 0), (0, 0)]
    assert counters(sessions, TEACUP) == {"on_hand": 1, "reserved": 1}
    assert_ledger_explains_stock(sessions)
