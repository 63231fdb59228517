"""Stock that crosses a threshold raises one alert, however often it is touched and however many workers sweep."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select, update

from domain.stock.levels import BACK, LOW, OUT
from domain.stock.movements import Movement
from models.database import Sessions
from models.listing import StockAlertRow, StockTouchRow
from models.stock import ProductRow
from record.parameters import ParameterCache
from record.stock import ledger
from record.stock.sweep import Sweep
from tests.factories import LAMP, TEACUP, stock_shop


def move(sessions: Sessions, kind: str, quantity: int, sku: str = LAMP, place: str = "HANGZHOU") -> None:
    with sessions.begin() as session:
        ledger.post(session, [Movement(kind, sku, place, quantity)], None, "a test")


def alerts(sessions: Sessions, sku: str = LAMP) -> list[tuple[str, int, bool]]:
    """The alerts as (kind, available units, whether it is open), in the sequence in which they were raised."""
    with sessions() as session:
        rows = session.scalars(select(StockAlertRow).where(StockAlertRow.sku == sku).order_by(StockAlertRow.alert_id))
        return [(row.kind, row.available, row.cleared_at is None) for row in rows]


def touched(sessions: Sessions) -> Sequence[str]:
    with sessions() as session:
        return session.scalars(select(StockTouchRow.sku)).all()


def test_low_out_and_back_are_alerted_once_each_with_the_available_units(stocked: Sessions) -> None:
    sweep = Sweep(stocked, ParameterCache())
    steps = (("reserved", 5), ("reserved", 1), ("released", 1), ("reserved", 5), ("released", 3), ("released", 3))
    for kind, quantity in steps:
        move(stocked, kind, quantity, TEACUP)
        sweep.run()
        sweep.run()

    assert alerts(stocked, TEACUP) == [(LOW, 5, False), (OUT, 0, False), (BACK, 3, False)]


def test_alerts_are_about_the_whole_network_and_not_one_location(stocked: Sessions) -> None:
    move(stocked, "reserved", 10)
    Sweep(stocked, ParameterCache()).run()

    assert alerts(stocked) == [(LOW, 3, True)]


def test_a_product_has_its_own_threshold_or_none(stocked: Sessions) -> None:
    with stocked.begin() as session:
        session.execute(update(ProductRow).where(ProductRow.sku == TEACUP).values(low_at=0))
        session.execute(update(ProductRow).where(ProductRow.sku == LAMP).values(low_at=12))
    move(stocked, "reserved", 9, TEACUP)
    move(stocked, "reserved", 1)
    Sweep(stocked, ParameterCache()).run()

    assert (alerts(stocked, TEACUP), alerts(stocked)) == ([], [(LOW, 12, True)])


def test_allocating_reserved_stock_touches_nothing(stocked: Sessions) -> None:
    move(stocked, "reserved", 4)
    Sweep(stocked, ParameterCache()).run()
    with stocked.begin() as session:
        both = [Movement("released", LAMP, "HANGZHOU", 4), Movement("allocated", LAMP, "HANGZHOU", 4)]
        ledger.post(session, both, None, "the order is sourced")
    move(stocked, "shipped", 4)

    assert touched(stocked) == []


def test_a_claim_that_is_not_committed_is_swept_later(stocked: Sessions) -> None:
    sweep = Sweep(stocked, ParameterCache())
    sweep.run()
    with stocked.begin() as session:
        ledger.post(session, [Movement("reserved", LAMP, "HANGZHOU", 10)], None, "a slow claim")
        move(stocked, "reserved", 9, TEACUP)
        assert sweep.run().marks == 1
        assert alerts(stocked) == []

    assert sweep.run().marks == 1
    assert alerts(stocked) == [(LOW, 3, True)]


def test_two_concurrent_sweeps_alert_each_crossing_once(sessions: Sessions) -> None:
    stock_shop(sessions, {"HANGZHOU": {LAMP: 10}})

    def claim(number: int) -> None:
        move(sessions, "reserved", 10)
        move(sessions, "released", 10)

    def sweeps(sweep: Sweep) -> None:
        for _ in range(40):
            sweep.run()

    with ThreadPoolExecutor(3) as threads:
        claiming = threads.submit(lambda: [claim(number) for number in range(40)])
        list(threads.map(sweeps, [Sweep(sessions, ParameterCache()), Sweep(sessions, ParameterCache())]))
        claiming.result()
    Sweep(sessions, ParameterCache()).run()

    kinds = [kind for kind, _, _ in alerts(sessions) if kind != LOW]
    assert kinds == [OUT, BACK] * (len(kinds) // 2)
    assert not any(still for _, _, still in alerts(sessions))
    assert touched(sessions) == []


def test_a_sweep_that_dies_is_made_up_by_the_next(stocked: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    move(stocked, "reserved", 10)

    def dies(*anything: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("record.stock.sweep.insert_all", dies)
        with pytest.raises(KeyboardInterrupt):
            Sweep(stocked, ParameterCache()).run()
    Sweep(stocked, ParameterCache()).run()

    assert alerts(stocked) == [(LOW, 3, True)]
