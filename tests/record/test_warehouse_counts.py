"""Snapshots and deltas of the warehouse: each difference is adjusted once, with a reason."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from activities.reserve import Reserve, StockRequest
from models.arrivals import StockDifferenceRow, WarehouseCountRow
from models.database import Sessions
from models.stock import StockMovementRow
from record.stock.queue import CarryResult
from record.stock.warehouse_counts import apply_count
from tests.factories import (
    LAMP,
    TEACUP,
    assert_ledger_explains_stock,
    counters,
    fresh_outlooks,
    place_order,
    stock_shop,
    store_webhook,
)

ALERT_ABOVE = 3
HOUR = timedelta(hours=1)


def now() -> datetime:
    return datetime.now(UTC)


def counted(sessions: Sessions, taken_at: datetime, name: str = "S-1", **units: int) -> CarryResult:
    """A snapshot of HANGZHOU; a SKU is written with underscores for dashes."""
    lines = [{"sku": sku.replace("_", "-"), "quantity": quantity} for sku, quantity in units.items()]
    data = {"snapshot_id": name, "location_id": "HANGZHOU", "taken_at": taken_at.isoformat(), "lines": lines}
    return apply_count(sessions, *store_webhook(sessions, "wms", "stock.snapshot", name, **data), ALERT_ABOVE)


def changed(sessions: Sessions, units: int, reason: str = "broken", at: datetime | None = None) -> CarryResult:
    """A delta of lamps at HANGZHOU."""
    lines = [{"sku": LAMP, "quantity": units, "reason": reason}]
    data = {"delta_id": "D-1", "location_id": "HANGZHOU", "occurred_at": (at or now()).isoformat(), "lines": lines}
    return apply_count(sessions, *store_webhook(sessions, "wms", "stock.delta", "D-1", **data), ALERT_ABOVE)


def differences(sessions: Sessions) -> list[tuple[Any, ...]]:
    row = StockDifferenceRow
    with sessions() as session:
        found = session.execute(select(row.sku, row.difference, row.adjusted, row.alert).order_by(row.difference_id))
        return [tuple(each) for each in found]


@pytest.fixture
def yesterday(stocked: Sessions) -> Sessions:
    """The stocked, whose goods were received a day before any count."""
    with stocked.begin() as session:
        for movement in session.scalars(select(StockMovementRow)):
            movement.at = now() - 24 * HOUR
    return stocked


def test_a_snapshot_that_agrees_with_the_books_changes_nothing(yesterday: Sessions) -> None:
    counted(yesterday, now(), ELEGANT_LAMP=10, QUIET_TEACUP=10)

    assert differences(yesterday) == []
    assert counters(yesterday, LAMP) == {"on_hand": 10, "available": 10}


def test_differences_are_adjusted_with_a_reason_and_large_ones_raise_an_alert(yesterday: Sessions) -> None:
    counted(yesterday, now(), ELEGANT_LAMP=8, QUIET_TEACUP=15)

    assert differences(yesterday) == [(LAMP, -2, -2, False), (TEACUP, 5, 5, True)]
    assert counters(yesterday, LAMP) == {"on_hand": 8, "available": 8}
    assert_ledger_explains_stock(yesterday)
    with yesterday() as session:
        reasons = session.scalars(select(StockMovementRow.reason).where(StockMovementRow.kind == "adjusted")).all()
    assert reasons == ["snapshot S-1: 8 counted, 10 in the books", "snapshot S-1: 15 counted, 10 in the books"]


def test_a_snapshot_sent_twice_is_booked_once(yesterday: Sessions) -> None:
    for _ in range(2):
        counted(yesterday, now(), ELEGANT_LAMP=8)

    assert differences(yesterday) == [(LAMP, -2, -2, False)]


def test_movements_booked_after_the_snapshot_are_no_difference(yesterday: Sessions) -> None:
    # given five lamps that were booked after the shelf was counted
    stock_shop(yesterday, {"HANGZHOU": {LAMP: 5}})

    counted(yesterday, now() - HOUR, ELEGANT_LAMP=10)

    assert differences(yesterday) == []


def test_an_older_snapshot_is_kept_as_late_and_changes_nothing(yesterday: Sessions) -> None:
    counted(yesterday, now(), ELEGANT_LAMP=10)

    counted(yesterday, now() - HOUR, "S-0", ELEGANT_LAMP=2)

    assert differences(yesterday) == []
    with yesterday() as session:
        assert session.get_one(WarehouseCountRow, ("S-0", "snapshot")).late


def test_a_delta_older_than_a_snapshot_changes_nothing(yesterday: Sessions) -> None:
    counted(yesterday, now(), ELEGANT_LAMP=10)

    changed(yesterday, -2, at=now() - HOUR)

    assert counters(yesterday, LAMP) == {"on_hand": 10, "available": 10}


def test_a_delta_is_booked_once_with_its_reason(yesterday: Sessions) -> None:
    for _ in range(2):
        changed(yesterday, -2, "broken by the fork lift")

    assert differences(yesterday) == [(LAMP, -2, -2, False)]
    assert_ledger_explains_stock(yesterday)


def test_stock_promised_to_orders_stays_on_record_and_raises_an_alert(yesterday: Sessions) -> None:
    # given nine of ten lamps that orders have
    order_id = place_order(yesterday, [(LAMP, 9)])
    Reserve(yesterday, fresh_outlooks()).reserve_stock(StockRequest(order_id, 1))

    changed(yesterday, -3, "stolen")

    assert differences(yesterday) == [(LAMP, -3, -1, True)]
    assert counters(yesterday, LAMP) == {"on_hand": 9, "reserved": 9}


def test_goods_that_were_never_there_may_be_found(yesterday: Sessions) -> None:
    stock_shop(yesterday, {"NINGBO": {"RARE-RUG": 1}})

    counted(yesterday, now(), RARE_RUG=2)

    assert counters(yesterday, "RARE-RUG") == {"on_hand": 2, "available": 2}


def test_found_units_wake_waiting_orders(yesterday: Sessions) -> None:
    order_id = place_order(yesterday, [(LAMP, 14)])
    Reserve(yesterday, fresh_outlooks()).reserve_stock(StockRequest(order_id, 1))

    news = counted(yesterday, now(), ELEGANT_LAMP=12)

    assert len(news.woken) == 1
