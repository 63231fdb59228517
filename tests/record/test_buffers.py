"""A place keeps its buffer from online sale: claims, what is shown and what wakes orders; a store sells all of it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from activities.allocate import Allocate
from activities.reserve import Reserve, StockRequest
from models.channel import ChannelAccountRow
from models.database import Sessions
from models.goods import BufferRow
from models.listing import StockAlertRow
from models.sourcing import SourcingDecisionRow
from models.stock import ProductRow
from record.parameters import ParameterCache
from record.stock.buffers import NAMES, delete_buffer, save_buffer
from record.stock.mistakes import Mistake
from record.stock.sweep import Sweep, Swept
from record.stock.views import available_at, available_in_network, available_to_channel
from tests.factories import CHANNEL, LAMP, TEACUP, counters, fresh_outlooks, place_order, stock_shop

NOW = datetime.now(UTC)
YESTERDAY, TOMORROW = NOW - timedelta(days=1), NOW + timedelta(days=1)


@pytest.fixture
def lamps(sessions: Sessions) -> Sessions:
    """Ten lamps of the class `lamp` in Hangzhou, three in Chengdu."""
    stock_shop(sessions, {"HANGZHOU": {LAMP: 10, TEACUP: 10}, "CHENGDU": {LAMP: 3}})
    with sessions.begin() as session:
        session.get_one(ProductRow, LAMP).goods_class = "lamp"
        session.execute(text("UPDATE locations SET kind = 'store' WHERE location_id = 'CHENGDU'"))
    return sessions


def keep(sessions: Sessions, buffer_id: str, **fields: Any) -> None:
    nothing = dict.fromkeys(NAMES, "") | {"units": None, "percent": None, "valid_from": YESTERDAY, "valid_to": None}
    with sessions.begin() as session:
        save_buffer(session, buffer_id, nothing | fields)


def there(sessions: Sessions, sku: str = LAMP) -> dict[str, int]:
    with sessions() as session:
        return available_at(session, [sku])[sku]


def claimed(sessions: Sessions, units: int, channel: str = CHANNEL) -> tuple[str, int]:
    """Place an order for lamps, claim them, and sweep; return its id and the units that it is short."""
    order_id = place_order(sessions, [(LAMP, units)], channel=channel)
    answer = Reserve(sessions, fresh_outlooks()).reserve_stock(StockRequest(order_id, 1))
    Sweep(sessions, ParameterCache()).run()
    return order_id, answer.short_units


def test_the_most_specific_buffer_counts(lamps: Sessions) -> None:
    # given buffers that name ever more
    steps: list[tuple[dict[str, Any], dict[str, int]]] = [
        ({"units": 1}, {"HANGZHOU": 9, "CHENGDU": 2}),
        ({"units": 2, "kind": "store"}, {"HANGZHOU": 9, "CHENGDU": 1}),
        ({"units": 0, "location_id": "CHENGDU"}, {"HANGZHOU": 9, "CHENGDU": 3}),
        ({"percent": 25, "goods_class": "lamp"}, {"HANGZHOU": 7, "CHENGDU": 2}),
        ({"units": 4, "sku": LAMP}, {"HANGZHOU": 6, "CHENGDU": 0}),
        ({"units": 0, "sku": LAMP, "kind": "store"}, {"HANGZHOU": 6, "CHENGDU": 3}),
        ({"units": 1, "sku": LAMP, "location_id": "CHENGDU"}, {"HANGZHOU": 6, "CHENGDU": 2}),
        ({"units": 2, "sku": LAMP, "location_id": "CHENGDU", "valid_from": NOW}, {"HANGZHOU": 6, "CHENGDU": 1}),
        ({"units": 0, "sku": LAMP, "location_id": "CHENGDU", "valid_from": TOMORROW}, {"HANGZHOU": 6, "CHENGDU": 1}),
        ({"units": 9, "sku": LAMP, "location_id": "CHENGDU", "valid_to": NOW}, {"HANGZHOU": 6, "CHENGDU": 1}),
    ]
    for number, (fields, left) in enumerate(steps):
        # when
        keep(lamps, f"B-{number}", **fields)

        # then
        assert there(lamps) == left, fields
    assert there(lamps, TEACUP) == {"HANGZHOU": 9}


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"units": 1, "sku": "NO-SUCH"}, "sku"),
        ({"units": 1, "location_id": "NOWHERE"}, "location_id"),
        ({"units": 1, "sku": LAMP, "goods_class": "lamp"}, "goods_class"),
        ({"units": 1, "location_id": "CHENGDU", "kind": "store"}, "kind"),
        ({}, "units"),
        ({"units": 1, "percent": 1}, "units"),
        ({"units": 1, "valid_to": YESTERDAY}, "valid_to"),
    ],
)
def test_a_wrong_buffer_is_refused_by_its_field(lamps: Sessions, fields: dict[str, Any], field: str) -> None:
    with pytest.raises(Mistake) as refused:
        keep(lamps, "WRONG", **fields)
    assert refused.value.field == field


def test_online_orders_leave_the_buffer_and_a_store_sells_it(lamps: Sessions) -> None:
    # given
    with lamps.begin() as session:
        session.add(ChannelAccountRow(channel="till", translator="pos", secret="", settings={}))
    keep(lamps, "LAMPS", units=4, sku=LAMP, location_id="HANGZHOU")
    keep(lamps, "STORES", units=3, kind="store")

    # when, then
    with lamps() as session:
        assert available_in_network(session, [LAMP]) == available_to_channel(session, CHANNEL, [LAMP]) == {LAMP: 6}
        assert available_to_channel(session, "till", [LAMP]) == {LAMP: 13}
    online, short = claimed(lamps, 7)
    assert short == 1
    with lamps() as session:
        why = session.scalar(text("SELECT data->>'why' FROM order_events WHERE type = 'sourcing.failed'"))
    assert why == "1 SKU short over 1 locations; 3 kept for CHENGDU; 4 kept for HANGZHOU"
    _, short = claimed(lamps, 8, "till")
    assert short == 0

    # and what was claimed before a buffer rises stays claimed
    with lamps.begin() as session:
        session.execute(text("DELETE FROM backorders WHERE order_id = :order"), {"order": online})
    keep(lamps, "LAMPS", units=0, sku=LAMP, location_id="HANGZHOU")
    mine, short = claimed(lamps, 2)
    keep(lamps, "LAMPS", units=9, sku=LAMP, location_id="HANGZHOU")
    with lamps.begin() as session:
        session.execute(text("UPDATE orders SET status = 'accepted' WHERE order_id = :order"), {"order": mine})
    allocation = Allocate(lamps, fresh_outlooks()).allocate_stock(StockRequest(mine, 2))
    assert (short, allocation.short_units, [work.location_id for work in allocation.work]) == (0, 0, ["HANGZHOU"])
    with lamps() as session:
        [decision] = session.query(SourcingDecisionRow).filter_by(order_id=mine)
    assert decision.excluded == {"CHENGDU": "3 kept for the store"}
    assert counters(lamps, LAMP)["on_hand"] == 10


def test_waiting_orders_are_woken_when_a_buffer_falls_ends_or_is_deleted(lamps: Sessions) -> None:
    # given
    keep(lamps, "ALL", units=10)
    order_id, short = claimed(lamps, 1)
    assert short == 1
    sweep = Sweep(lamps, ParameterCache())

    # when, then: it falls
    keep(lamps, "ALL", units=9)
    assert [order for _, order in sweep.run().woken] == [_channel_id(lamps, order_id)]
    assert sweep.run().woken == []

    # and it ends by the clock
    keep(lamps, "ALL", units=10)
    assert sweep.run().woken == []
    with lamps.begin() as session:
        session.execute(
            text("UPDATE buffers SET valid_to = now() - interval '1 s', looked_at = now() - interval '1 h'")
        )
    assert [order for _, order in sweep.run().woken] == [_channel_id(lamps, order_id)]
    assert sweep.run() == Swept()

    # and it is deleted
    keep(lamps, "ALL", units=10)
    sweep.run()
    with lamps.begin() as session:
        delete_buffer(session, session.get_one(BufferRow, "ALL"))
    assert [order for _, order in sweep.run().woken] == [_channel_id(lamps, order_id)]


def test_what_a_buffer_kept_before_it_names_other_goods_wakes_its_orders(lamps: Sessions) -> None:
    keep(lamps, "ALL", units=10, sku=LAMP)
    order_id, short = claimed(lamps, 1)

    keep(lamps, "ALL", units=10, sku=TEACUP)

    assert short == 1
    assert [order for _, order in Sweep(lamps, ParameterCache()).run().woken] == [_channel_id(lamps, order_id)]


def test_units_that_a_place_keeps_wake_orders_of_stores_alone(lamps: Sessions) -> None:
    # given an order of a store and an earlier one of another channel, for more than there is
    with lamps.begin() as session:
        session.add(ChannelAccountRow(channel="till", translator="pos", secret="", settings={}))
    online, till = claimed(lamps, 14), claimed(lamps, 14, "till")
    assert (online[1], till[1]) == (1, 1)

    # when a lamp comes in, all of which are kept
    keep(lamps, "ALL", units=99)
    stock_shop(lamps, {"HANGZHOU": {LAMP: 1}})

    # then
    woken = Sweep(lamps, ParameterCache()).run().woken
    assert [order for _, order in woken] == [_channel_id(lamps, till[0])]


def test_stock_is_low_when_what_may_be_sold_online_is(lamps: Sessions) -> None:
    with lamps.begin() as session:
        session.get_one(ProductRow, LAMP).low_at = 6
    Sweep(lamps, ParameterCache()).run()

    keep(lamps, "ALL", units=5)
    Sweep(lamps, ParameterCache()).run()

    with lamps() as session:
        alerts = session.scalars(select(StockAlertRow).where(StockAlertRow.sku == LAMP)).all()
    assert [(one.kind, one.available) for one in alerts] == [("stock.low", 5)]


def _channel_id(sessions: Sessions, order_id: str) -> str:
    with sessions() as session:
        return str(session.scalar(text("SELECT channel_order_id FROM orders WHERE order_id = :id"), {"id": order_id}))
