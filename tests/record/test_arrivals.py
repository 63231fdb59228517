"""Purchase orders and receipts: stock in transit, goods that arrive, orders that are woken, and every exception."""

import itertools
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from activities.reserve import Reserve, StockRequest
from activities.shortages import Shortage, Shortages
from commands.verify import verify
from models.arrivals import PurchaseLineRow, PurchaseOrderRow, StockExceptionRow
from models.database import Sessions
from models.order import OrderRow
from models.stock import BackorderRow
from record.stock.purchases import apply_purchase_order
from record.stock.queue import AHEAD, CarryResult
from record.stock.receipts import receive_goods
from tests.factories import LAMP, TEACUP, counters, fresh_outlooks, place_order, stock_shop, store_webhook

TODAY = datetime.now(UTC).date()
SOON, LATER = (TODAY + timedelta(days=days) for days in (10, 30))
PURCHASE = "PO-1"
Lines = Sequence[tuple[str, int, date]]
TEN_LAMPS: Lines = [(LAMP, 4, SOON), (LAMP, 6, LATER)]


def purchased(
    sessions: Sessions, lines: Lines, revision: int = 1, what: str = "placed", number: str = PURCHASE
) -> CarryResult:
    listed = [{"sku": sku, "quantity": units, "due_on": due.isoformat()} for sku, units, due in lines]
    data = {"purchase_order_id": PURCHASE, "revision": revision, "location_id": "HANGZHOU", "lines": listed}
    return apply_purchase_order(sessions, *store_webhook(sessions, "erp", f"purchase_order.{what}", PURCHASE, **data))


def canceled(sessions: Sessions, revision: int) -> CarryResult:
    data = {"purchase_order_id": PURCHASE, "revision": revision}
    return apply_purchase_order(sessions, *store_webhook(sessions, "erp", "purchase_order.canceled", PURCHASE, **data))


def received(
    sessions: Sessions, receipt: str, *lines: dict[str, Any], order: str | None = PURCHASE, at: str = "HANGZHOU"
) -> CarryResult:
    data = {"receipt_id": receipt, "location_id": at, "purchase_order_id": order, "lines": list(lines)}
    return receive_goods(sessions, *store_webhook(sessions, "erp", "stock.received", receipt, **data))


def lamps(units: int, damaged: int = 0) -> dict[str, Any]:
    return {"sku": LAMP, "quantity": units, "damaged": damaged}


def received_by_day(sessions: Sessions) -> dict[date, int]:
    """Units received of the purchase order, by due day."""
    with sessions() as session:
        return {line.due_on: line.received for line in session.scalars(select(PurchaseLineRow))}


def exceptions(sessions: Sessions) -> list[tuple[str, str, bool]]:
    with sessions() as session:
        rows = session.scalars(select(StockExceptionRow).order_by(StockExceptionRow.exception_id))
        return [(row.code, row.detail, row.resolved_at is not None) for row in rows]


def waiting(sessions: Sessions, units: int) -> str:
    """Place an order for lamps that no location has; return its id."""
    order_id = place_order(sessions, [(LAMP, units)])
    assert Reserve(sessions, fresh_outlooks()).reserve_stock(StockRequest(order_id, 1)).short_units
    return order_id


def sell_out(sessions: Sessions) -> None:
    """Reserve all 13 lamps of the shop for one order."""
    lucky = place_order(sessions, [(LAMP, 13)])
    assert Reserve(sessions, fresh_outlooks()).reserve_stock(StockRequest(lucky, 1)).units == 13


def shortage_of(sessions: Sessions, order_id: str) -> Shortage:
    return Shortages(sessions, None).propose(order_id)  # type: ignore[arg-type]


def numbers(sessions: Sessions, *order_ids: str) -> list[tuple[str, str]]:
    with sessions() as session:
        orders = [session.get_one(OrderRow, order_id) for order_id in order_ids]
    return [(order.channel, order.channel_order_id) for order in orders]


def test_a_purchase_order_is_in_transit_until_it_arrives(stocked: Sessions) -> None:
    purchased(stocked, TEN_LAMPS)
    before = counters(stocked, LAMP)

    received(stocked, "R-1", lamps(5, damaged=1))

    assert (before["in_transit"], counters(stocked, LAMP)) == (
        10,
        {"on_hand": 15, "in_transit": 5, "quarantined": 1, "available": 14},
    )
    assert received_by_day(stocked) == {SOON: 4, LATER: 1}
    assert exceptions(stocked) == []


def test_units_beyond_the_purchase_order_are_booked_and_reported(stocked: Sessions) -> None:
    purchased(stocked, TEN_LAMPS)

    received(stocked, "R-1", lamps(12))

    assert counters(stocked, LAMP) == {"on_hand": 22, "available": 22}
    assert exceptions(stocked) == [("more_than_ordered", "PO-1: 2 ELEGANT-LAMP", True)]
    with stocked() as session:
        assert session.get_one(PurchaseOrderRow, PURCHASE).status == "received"


def test_a_receipt_sent_twice_under_different_event_ids_is_booked_once(stocked: Sessions) -> None:
    purchased(stocked, TEN_LAMPS)

    for _ in range(2):
        received(stocked, "R-1", lamps(3))

    assert counters(stocked, LAMP) == {"on_hand": 13, "in_transit": 7, "available": 13}


def _place(sessions: Sessions) -> None:
    purchased(sessions, TEN_LAMPS, 1)


def _change(sessions: Sessions) -> None:
    purchased(sessions, [(LAMP, 8, LATER)], 2, "changed")


def _receive(sessions: Sessions) -> None:
    received(sessions, "R-1", lamps(3))


@pytest.mark.parametrize("events", list(itertools.permutations([_place, _change, _receive])))
def test_purchase_orders_and_receipts_end_alike_in_any_order(events: Any, stocked: Sessions) -> None:
    for happen in events:
        happen(stocked)
        happen(stocked)

    assert counters(stocked, LAMP) == {"on_hand": 13, "in_transit": 5, "available": 13}
    assert received_by_day(stocked) == {LATER: 3}
    report = verify(stocked)
    assert report.clean, report


def test_a_canceled_purchase_order_stays_canceled_when_an_older_event_follows(stocked: Sessions) -> None:
    canceled(stocked, 2)
    purchased(stocked, TEN_LAMPS, 1)

    assert counters(stocked, LAMP) == {"on_hand": 10, "available": 10}


def test_a_canceled_purchase_order_is_no_longer_in_transit(stocked: Sessions) -> None:
    purchased(stocked, TEN_LAMPS)

    canceled(stocked, 2)

    assert counters(stocked, LAMP) == {"on_hand": 10, "available": 10}


def test_unknown_goods_are_reported_and_booked_once_they_are_known(stocked: Sessions) -> None:
    # given a receipt of an unknown boot and two lamps
    lines = [{"sku": "STRANGE-BOOT", "quantity": 1}, {"sku": LAMP, "quantity": 2}]
    data = {"receipt_id": "R-2", "location_id": "CHENGDU", "lines": lines}
    event = store_webhook(stocked, "erp", "stock.received", "R-2", **data)

    # when it is booked before and after somebody enters the boot
    before, reported = receive_goods(stocked, *event), exceptions(stocked)
    stock_shop(stocked, {"NINGBO": {"STRANGE-BOOT": 1}})
    after = receive_goods(stocked, *event)

    # then the lamps are there once, and the boot as soon as it is known
    assert (before.done, after.done) == (False, True)
    assert (reported, exceptions(stocked)) == (
        [("unknown_goods", "STRANGE-BOOT", False)],
        [("unknown_goods", "STRANGE-BOOT", True)],
    )
    assert counters(stocked, LAMP, "CHENGDU") == {"on_hand": 5, "available": 5}
    assert counters(stocked, "STRANGE-BOOT", "CHENGDU") == {"on_hand": 1, "available": 1}


def test_an_unknown_location_is_reported(stocked: Sessions) -> None:
    news = received(stocked, "R-3", lamps(2), at="ATLANTIS")

    assert (news.done, exceptions(stocked)) == (False, [("unknown_location", "ATLANTIS", False)])


def test_each_order_in_the_queue_is_promised_the_day_that_covers_it_and_those_before_it(stocked: Sessions) -> None:
    # given three orders that wait for lamps, when four are bought for soon and six for later
    sell_out(stocked)
    first, second, third = [waiting(stocked, units) for units in (3, 5, 9)]

    news = purchased(stocked, TEN_LAMPS)

    # then four units cover the first order, ten the second as well, and nothing covers the third
    assert news.woken == numbers(stocked, first, second)
    found = [shortage_of(stocked, order_id).promised_on for order_id in (first, second, third)]
    assert found == [SOON.isoformat(), LATER.isoformat(), ""]


def test_a_promise_that_cannot_be_kept_is_withdrawn_and_wakes_its_order(stocked: Sessions) -> None:
    order_id = waiting(stocked, 15)
    purchased(stocked, TEN_LAMPS)

    news = canceled(stocked, 2)

    assert news.woken == numbers(stocked, order_id)
    assert shortage_of(stocked, order_id).promised_on == ""


def test_a_due_day_in_the_past_promises_nothing(stocked: Sessions) -> None:
    order_id = waiting(stocked, 15)

    purchased(stocked, [(LAMP, 9, TODAY - timedelta(days=2))])

    assert shortage_of(stocked, order_id).promised_on == ""


def test_an_arrival_serves_the_queue_in_turn_and_skips_orders_too_large_for_it(stocked: Sessions) -> None:
    # given orders that wait for lamps
    sell_out(stocked)
    orders = [waiting(stocked, units) for units in (4, 60, 5, 4)]

    # when twelve lamps arrive
    news = received(stocked, "R-1", lamps(12))

    # then they cover the first and the third order, not the second, and no longer the fourth
    assert news.woken == numbers(stocked, orders[0], orders[2])


def test_an_order_is_not_woken_while_it_lacks_another_item(stocked: Sessions) -> None:
    order_id = place_order(stocked, [(LAMP, 14), (TEACUP, 99)])
    Reserve(stocked, fresh_outlooks()).reserve_stock(StockRequest(order_id, 1))

    lamps_only = received(stocked, "R-1", lamps(5), order=None)
    cups_too = received(stocked, "R-2", {"sku": TEACUP, "quantity": 99}, order=None)

    assert (lamps_only.woken, cups_too.woken) == ([], numbers(stocked, order_id))


def test_a_receipt_that_is_relayed_again_wakes_again(stocked: Sessions) -> None:
    # The relay may die between booking and signaling.
    order_id = waiting(stocked, 14)
    data = {"receipt_id": "R-1", "location_id": "HANGZHOU", "lines": [lamps(5)]}
    event = store_webhook(stocked, "erp", "stock.received", "R-1", **data)

    news = [receive_goods(stocked, *event) for _ in range(2)]

    assert news == [CarryResult(True, numbers(stocked, order_id))] * 2
    with stocked() as session:
        assert session.get_one(BackorderRow, (order_id, LAMP)).wanted == 14


def test_a_queue_longer_than_one_read_is_woken_in_turn_as_far_as_the_goods_go(stocked: Sessions) -> None:
    # given more orders than are read at once
    sell_out(stocked)
    orders = [waiting(stocked, 1) for _ in range(AHEAD + 10)]

    # when goods arrive for some of them, and are bought for some more
    news = received(stocked, "R-1", lamps(AHEAD + 5), order=None)
    promised = purchased(stocked, [(LAMP, 2, SOON)])

    # then only these are woken, in turn
    assert news.woken == numbers(stocked, *orders[: AHEAD + 5])
    assert promised.woken == numbers(stocked, *orders[AHEAD + 5 : AHEAD + 7])


def test_receipts_booked_at_the_same_time_all_count(stocked: Sessions) -> None:
    # given a purchase, and many receipts of it that come together
    purchased(stocked, [(LAMP, 30, SOON)])
    for _ in range(4):
        waiting(stocked, 14)

    # when
    with ThreadPoolExecutor(8) as threads:
        news = list(threads.map(lambda number: received(stocked, f"R-{number}", lamps(2)), range(12)))

    # then
    assert all(each.done for each in news)
    assert counters(stocked, LAMP) == {"on_hand": 34, "in_transit": 6, "available": 34}
    assert verify(stocked).clean
