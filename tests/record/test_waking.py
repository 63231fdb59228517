"""Orders that wait are woken, in turn, when stock or quota that can serve them is free again."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from activities.reserve import Reserve, StockRequest
from domain.undo import UndoRequest
from models.database import Sessions
from models.order import OrderRow
from record.parameters import ParameterCache
from record.stock.channel_shares import Quota, set_quotas
from record.stock.queue import ChannelOrder
from record.stock.sweep import Sweep
from tests.factories import CHANNEL, LAMP, fresh_outlooks, place_order, stock_shop

YESTERDAY = datetime.now(UTC) - timedelta(days=1)


@pytest.fixture
def ten_lamps(sessions: Sessions) -> Sessions:
    stock_shop(sessions, {"HANGZHOU": {LAMP: 10}})
    return sessions


def claimed(sessions: Sessions, units: int, round_: int = 1) -> str:
    """Place an order that claims lamps or waits for them, and sweep; return its id."""
    order_id = place_order(sessions, [(LAMP, units)])
    Reserve(sessions, fresh_outlooks()).reserve_stock(StockRequest(order_id, round_))
    Sweep(sessions, ParameterCache()).run()
    return order_id


def released(sessions: Sessions, order_id: str) -> None:
    Reserve(sessions, fresh_outlooks()).release_stock(UndoRequest(order_id, order_id, "the customer canceled"))


def limited(sessions: Sessions, units: int, valid_from: datetime = YESTERDAY, valid_to: datetime | None = None) -> None:
    with sessions.begin() as session:
        set_quotas(session, CHANNEL, LAMP, [Quota(units, valid_from, valid_to)])


def let_quotas_turn(sessions: Sessions) -> None:
    """An hour passes for the quotas, but not for when a sweep last looked at them."""
    with sessions.begin() as session:
        session.execute(text("UPDATE channel_quotas SET valid_to = now() WHERE valid_to > now() AND looked_at < now()"))


def woken(sessions: Sessions) -> list[ChannelOrder]:
    return Sweep(sessions, ParameterCache()).run().woken


def name(sessions: Sessions, order_id: str) -> ChannelOrder:
    with sessions() as session:
        order = session.get_one(OrderRow, order_id)
        return order.channel, order.channel_order_id


def test_released_stock_wakes_waiting_orders_in_turn(ten_lamps: Sessions) -> None:
    # given
    happy = claimed(ten_lamps, 10)
    first, _large, third, _late = [claimed(ten_lamps, units) for units in (6, 11, 4, 1)]

    # when
    released(ten_lamps, happy)

    # then
    assert woken(ten_lamps) == [name(ten_lamps, order) for order in (first, third)]
    assert woken(ten_lamps) == []


def test_a_claim_by_another_order_wakes_nobody(ten_lamps: Sessions) -> None:
    claimed(ten_lamps, 11)
    other = place_order(ten_lamps, [(LAMP, 2)])
    Reserve(ten_lamps, fresh_outlooks()).reserve_stock(StockRequest(other, 1))
    assert Sweep(ten_lamps, ParameterCache()).run().more == []


def test_an_order_beyond_its_quota_is_woken_by_quota_and_not_by_stock(ten_lamps: Sessions) -> None:
    # given a channel that may sell three of ten lamps, and has
    limited(ten_lamps, 3)
    happy = claimed(ten_lamps, 3)
    waiting, beyond = claimed(ten_lamps, 2), claimed(ten_lamps, 5)

    # when more lamps come, then the quota is free again, and at last it is raised
    stock_shop(ten_lamps, {"HANGZHOU": {LAMP: 5}})
    by_stock = woken(ten_lamps)
    released(ten_lamps, happy)
    by_quota = woken(ten_lamps)
    limited(ten_lamps, 7)
    by_raise = woken(ten_lamps)

    # then
    both = [name(ten_lamps, order) for order in (waiting, beyond)]
    assert (by_stock, by_quota, by_raise) == ([], both[:1], both)


def test_a_quota_that_expires_wakes_the_orders_beyond_it(ten_lamps: Sessions) -> None:
    # given
    limited(ten_lamps, 1, valid_to=datetime.now(UTC) + timedelta(hours=1))
    waiting = claimed(ten_lamps, 2)
    before = woken(ten_lamps)

    # when
    let_quotas_turn(ten_lamps)

    # then
    assert (before, woken(ten_lamps)) == ([], [name(ten_lamps, waiting)])
    assert woken(ten_lamps) == []


def test_orders_that_could_not_be_signaled_are_woken_by_the_next_sweep(ten_lamps: Sessions) -> None:
    # given
    happy, waiting = claimed(ten_lamps, 10), claimed(ten_lamps, 4)
    released(ten_lamps, happy)
    sweep = Sweep(ten_lamps, ParameterCache())

    # when
    sweep.touch_again(sweep.run().more)

    # then
    assert woken(ten_lamps) == [name(ten_lamps, waiting)]
