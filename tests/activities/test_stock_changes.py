"""Transfers and adjustments: done once, all or nothing, and explained by the ledger."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from sqlalchemy import select

from activities.reserve import Reserve, StockRequest
from activities.stock_changes import Adjustment, Transfer, adjust_stock, transfer_stock
from domain.stock import KeyUsedBefore, OutOfStock, UnknownStock
from models.database import Sessions
from models.stock import StockMovementRow
from tests.factories import LAMP, TEACUP, assert_ledger_explains_stock, counters, place_order

LAMPS_WEST = Transfer("T-1", "HANGZHOU", "CHENGDU", {LAMP: 4}, "Chengdu runs low", "sun")
BROKEN = Adjustment("A-1", "HANGZHOU", {LAMP: -2}, "two are broken", "sun")


def test_a_transfer_takes_from_one_place_and_gives_to_the_other_once(shop: Sessions) -> None:
    # when
    answers = [transfer_stock(shop, LAMPS_WEST) for _ in range(2)]

    # then
    assert answers == [True, False]
    assert counters(shop, LAMP) == {"on_hand": 6, "available": 6}
    assert counters(shop, LAMP, "CHENGDU") == {"on_hand": 7, "available": 7}
    assert_ledger_explains_stock(shop)


def test_goods_may_be_transferred_to_a_place_that_never_had_them(shop: Sessions) -> None:
    transfer_stock(shop, replace(LAMPS_WEST, units={TEACUP: 1}))
    assert counters(shop, TEACUP, "CHENGDU") == {"on_hand": 1, "available": 1}


def test_what_is_promised_is_neither_transferred_nor_adjusted_away(shop: Sessions) -> None:
    # given
    Reserve(shop).reserve_stock(StockRequest(place_order(shop, [(LAMP, 9)]), 1))

    # when / then
    with pytest.raises(OutOfStock):
        transfer_stock(shop, replace(LAMPS_WEST, units={LAMP: 2, TEACUP: 1}))
    with pytest.raises(OutOfStock):
        adjust_stock(shop, BROKEN)
    assert counters(shop, TEACUP) == {"on_hand": 10, "available": 10}
    assert counters(shop, LAMP) == {"on_hand": 10, "reserved": 9, "available": 1}


def test_an_adjustment_says_why_and_who(shop: Sessions) -> None:
    # when
    answers = [adjust_stock(shop, BROKEN) for _ in range(2)]

    # then
    assert answers == [True, False]
    with shop() as session:
        row = session.scalars(select(StockMovementRow).where(StockMovementRow.kind == "adjusted")).one()
        assert (row.quantity, row.reason, row.actor) == (-2, "two are broken", "sun")
    assert counters(shop, LAMP) == {"on_hand": 8, "available": 8}


def test_the_same_key_with_something_else_is_refused(shop: Sessions) -> None:
    adjust_stock(shop, BROKEN)
    with pytest.raises(KeyUsedBefore):
        adjust_stock(shop, replace(BROKEN, units={LAMP: -3}))


@pytest.mark.parametrize("change", [{"units": {"STRANGE-BOOT": 1}}, {"to_location": "ATLANTIS"}])
def test_goods_and_places_that_nobody_knows_are_refused(shop: Sessions, change: Mapping[str, object]) -> None:
    with pytest.raises(UnknownStock):
        transfer_stock(shop, replace(LAMPS_WEST, **change))


@pytest.mark.parametrize("change", [{"units": {LAMP: 0}}, {"units": {}}, {"to_location": "HANGZHOU"}])
def test_a_transfer_of_nothing_or_to_nowhere_else_is_a_mistake(shop: Sessions, change: Mapping[str, object]) -> None:
    with pytest.raises(ValueError, match="another location"):
        transfer_stock(shop, replace(LAMPS_WEST, **change))
