"""Carts that hold stock before the order: never oversold together with orders, kept to, given back, and bounded."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from activities.allocate import Allocate
from activities.reserve import Reserve, StockRequest
from domain.promising import KeptKind, State
from domain.stock.views import Share
from models.database import Sessions
from models.goods import ChannelQuotaRow, ProductPartRow
from models.order import OrderRow
from models.promises import PromiseClaimRow, PromiseRow
from record.orders.rows import new_order
from record.orders.writer import OrderWriter
from record.parameters import ParameterCache
from record.promises.asking import Asked
from record.promises.book import CartAllowance, LimitReached, NotOpen, PromiseBook, Wish
from record.promises.sweep import PromiseSweep
from record.sourcing.claims import Reservation
from record.sourcing.outlooks import OutlookCache
from record.stock.channel_shares import set_share
from tests.factories import (
    CHANNEL,
    LAMP,
    PLACED_AT,
    TEACUP,
    an_order,
    assert_ledger_explains_stock,
    counters,
    events_of,
    fresh_outlooks,
    stock_shop,
)
from tests.waiting import until_waiting

LIMITS = CartAllowance(carts=10, units=100, share=100, kept=20, longest=timedelta(hours=2))
QUARTER = timedelta(minutes=15)
DAY = timedelta(hours=24)


def book_of(sessions: Sessions, **limits: Any) -> PromiseBook:
    known = {name: getattr(LIMITS, name) for name in LIMITS.__slots__}
    return PromiseBook(sessions, fresh_outlooks(0), CartAllowance(**known | limits))


def asked(*lines: tuple[str, int], channel: str = CHANNEL) -> Asked:
    return Asked(channel, lines, "CN", "Zhejiang")


def cart(
    sessions: Sessions, *lines: tuple[str, int], held: KeptKind = KeptKind.STOCK, holder: str = CHANNEL, **limits: Any
) -> PromiseRow | None:
    wish = Wish(held, holder, QUARTER)
    return book_of(sessions, **limits).give(asked(*lines), wish, lambda made: {})[1]


def promised(sessions: Sessions, *lines: tuple[str, int], held: KeptKind = KeptKind.STOCK) -> PromiseRow:
    row = cart(sessions, *lines, held=held)
    assert row is not None
    return row


def place(sessions: Sessions, promise_id: str, *lines: tuple[str, int], **changes: Any) -> tuple[str, str]:
    """Place an order that carries the promise; return its id and what became of the promise."""
    order = new_order(an_order(lines, promise_id=promise_id, **changes), "tests")
    [receipt] = OrderWriter(sessions)([order])
    with sessions.begin() as session:
        session.execute(text("UPDATE orders SET status = 'accepted' WHERE order_id = :id"), {"id": receipt.order_id})
    return receipt.order_id, receipt.promise


def reserve(sessions: Sessions, order_id: str, round_: int = 1) -> Reservation:
    return Reserve(sessions, fresh_outlooks()).reserve_stock(StockRequest(order_id, round_))


def order_of(sessions: Sessions, order_id: str) -> OrderRow:
    with sessions() as session:
        return session.get_one(OrderRow, order_id)


def expire(sessions: Sessions, promise_id: str) -> None:
    with sessions.begin() as session:
        past = "UPDATE promises SET expires_at = now(), held_until = now() WHERE promise_id = :id"
        session.execute(text(past), {"id": promise_id})


def sweep(sessions: Sessions, patience: timedelta = DAY) -> int:
    return PromiseSweep(sessions, patience).run()


def quota(sessions: Sessions, sku: str, units: int) -> None:
    """Let the channel claim so many units of a SKU."""
    new = "INSERT INTO channel_quotas (channel, sku, quantity, valid_from) VALUES (:channel, :sku, :units, now())"
    with sessions.begin() as session:
        session.execute(text(new), {"channel": CHANNEL, "sku": sku, "units": units})


@pytest.fixture
def shop(sessions: Sessions) -> Sessions:
    stock_shop(sessions, {"HANGZHOU": {LAMP: 3}, "CHENGDU": {LAMP: 5, TEACUP: 5}})
    return sessions


def test_an_order_takes_the_stock_and_the_dates_of_its_cart_and_is_sent_from_there(shop: Sessions) -> None:
    # given a cart, and then a location that is better
    row = promised(shop, (LAMP, 2), (TEACUP, 1))
    assert row.assignments == {"CHENGDU": {LAMP: 2, TEACUP: 1}}
    assert counters(shop, LAMP, "CHENGDU") == {"on_hand": 5, "reserved": 2, "available": 3}
    stock_shop(shop, {"HANGZHOU": {LAMP: 10, TEACUP: 10}})

    # when
    order_id, state = place(shop, row.promise_id, (LAMP, 2), (TEACUP, 1))
    assert (state, order_of(shop, order_id).promised_ship_by) == (State.TAKEN, row.ship_by)
    assert order_of(shop, order_id).promised_deliver_by == row.deliver_by
    assert reserve(shop, order_id) == reserve(shop, order_id) == Reservation(3, ["CHENGDU"])
    allocation = Allocate(shop, fresh_outlooks()).allocate_stock(StockRequest(order_id, 2))

    # then
    assert [(work.location_id, work.units) for work in allocation.work] == [("CHENGDU", 3)]
    assert "as promised" in allocation.why
    assert order_of(shop, order_id).promise_state == State.KEPT
    assert counters(shop, LAMP, "CHENGDU") == {"on_hand": 5, "allocated": 2, "available": 3}
    assert events_of(shop, order_id)[:3] == ["order.received", "promise.taken", "promise.kept"]
    assert_ledger_explains_stock(shop)


def test_what_a_cart_holds_is_not_promised_again_until_its_time_is_over(shop: Sessions) -> None:
    # given a cart with all lamps
    row = promised(shop, (LAMP, 8))
    order_id, _ = place(shop, "", (LAMP, 1))

    # then neither a cart nor an order gets one
    assert cart(shop, (LAMP, 1)) is None
    assert reserve(shop, order_id) == Reservation(0, [], 1)
    assert sweep(shop) == 0

    # when its time is over
    expire(shop, row.promise_id)
    assert (sweep(shop), sweep(shop)) == (1, 0)

    # then both do, and the order that comes too late is told so
    assert reserve(shop, order_id, 2) == Reservation(1, ["HANGZHOU"])
    assert cart(shop, (LAMP, 7)) is not None
    assert place(shop, row.promise_id, (LAMP, 8))[1] == State.EXPIRED
    assert_ledger_explains_stock(shop)


def test_two_carts_and_orders_at_once_never_claim_more_than_there_is(sessions: Sessions) -> None:
    # given six lamps
    stock_shop(sessions, {"HANGZHOU": {LAMP: 4}, "CHENGDU": {LAMP: 2}})
    orders = [place(sessions, "", (LAMP, 2))[0] for _ in range(3)]
    step = Reserve(sessions, fresh_outlooks())

    def buy(number: int) -> int:
        row = cart(sessions, (LAMP, 2), holder=f"holder-{number % 2}")
        if row is None:
            return 0
        order_id, _ = place(sessions, row.promise_id, (LAMP, 2))
        return step.reserve_stock(StockRequest(order_id, 1)).units

    # when
    with ThreadPoolExecutor(8) as pool:
        by_cart = [pool.submit(buy, number) for number in range(4)]
        direct = [pool.submit(step.reserve_stock, StockRequest(order_id, 1)) for order_id in orders]
        units = [one.result() for one in by_cart] + [one.result().units for one in direct]

    # then exactly those six are claimed
    assert sum(units) == 6
    assert [counters(sessions, LAMP, place_) for place_ in ("HANGZHOU", "CHENGDU")] == [
        {"on_hand": 4, "reserved": 4},
        {"on_hand": 2, "reserved": 2},
    ]
    assert_ledger_explains_stock(sessions)


def test_dates_without_stock_are_kept_if_the_goods_are_still_there(shop: Sessions) -> None:
    # given two promises of the same lamps
    rows = [promised(shop, (LAMP, 3), held=KeptKind.DATES) for _ in range(2)]
    assert [row.assignments for row in rows] == [{"HANGZHOU": {LAMP: 3}}] * 2
    assert counters(shop, LAMP) == {"on_hand": 3, "available": 3}

    # when both are ordered
    first, second = (place(shop, row.promise_id, (LAMP, 3))[0] for row in rows)
    answers = [reserve(shop, order_id) for order_id in (first, second)]

    # then the second is sent from elsewhere, and its log says why
    assert answers == [Reservation(3, ["HANGZHOU"]), Reservation(3, ["CHENGDU"])]
    assert [order_of(shop, one).promise_state for one in (first, second)] == [State.KEPT, State.OUT_OF_STOCK]
    assert "promise.broken" in events_of(shop, second)
    assert order_of(shop, second).promised_ship_by == rows[1].ship_by
    assert_ledger_explains_stock(shop)


@pytest.mark.parametrize(
    ("lines", "changes", "state"),
    [
        ([(LAMP, 2)], {}, State.OTHER_GOODS),
        ([(LAMP, 1)], {"channel": "jd"}, State.UNKNOWN),
        ([(LAMP, 1)], {"pickup_location": "HANGZHOU"}, State.OTHER_PLACE),
        ([(LAMP, 1)], {"promise_id": "promise_NOBODY"}, State.UNKNOWN),
    ],
)
def test_an_order_that_is_not_what_was_promised_is_taken_in_without_it(
    shop: Sessions, lines: Sequence[tuple[str, int]], changes: dict[str, Any], state: State
) -> None:
    row = promised(shop, (LAMP, 1))
    order = new_order(an_order(lines, **{"promise_id": row.promise_id} | changes), "tests")

    [receipt], [again] = OrderWriter(shop)([order]), OrderWriter(shop)([order])

    assert (receipt.promise, receipt.new, again.promise, again.same) == (state, True, state, True)
    assert order_of(shop, receipt.order_id).promised_ship_by is None
    assert counters(shop, LAMP)["reserved"] == 1


def test_a_promise_is_taken_once_also_within_one_group(shop: Sessions) -> None:
    row = promised(shop, (LAMP, 1))
    orders = [new_order(an_order([(LAMP, 1)], promise_id=row.promise_id), "tests") for _ in range(3)]

    receipts = [*OrderWriter(shop)(orders[:2]), *OrderWriter(shop)(orders[2:])]

    assert sorted(receipt.promise for receipt in receipts) == [State.TAKEN, State.USED, State.USED]
    with pytest.raises(NotOpen, match="an order took it"):
        book_of(shop).give_up(row.promise_id, CHANNEL)
    with pytest.raises(NotOpen, match="an order took it"):
        book_of(shop).renew(row.promise_id, CHANNEL, QUARTER)


@pytest.mark.parametrize("how", ["ended", "held for too long"])
def test_the_stock_of_an_order_that_never_reserves_it_is_given_back(shop: Sessions, how: str) -> None:
    row = promised(shop, (LAMP, 1))
    order_id, _ = place(shop, row.promise_id, (LAMP, 1))
    assert sweep(shop) == 0

    if how == "ended":
        with shop.begin() as session:
            session.execute(text("UPDATE orders SET ended_at = now(), status = 'canceled'"))

    assert sweep(shop, DAY if how == "ended" else timedelta(0)) == 1
    assert counters(shop, LAMP) == {"on_hand": 3, "available": 3}
    if how != "ended":
        assert reserve(shop, order_id) == Reservation(1, ["HANGZHOU"])
    assert_ledger_explains_stock(shop)


@pytest.mark.parametrize(
    ("why", "state", "answer"),
    [
        ("the quota is used up", State.BEYOND_QUOTA, Reservation(0, [], 1)),
        ("a person chose another place", State.PLACE_REFUSED, Reservation(2, ["CHENGDU"])),
    ],
)
def test_an_order_that_cannot_be_sent_as_promised_says_why(
    shop: Sessions, why: str, state: State, answer: Reservation
) -> None:
    # given a promise of two lamps of Hangzhou, and an order that took it
    quota(shop, LAMP, 2)
    row = promised(shop, (LAMP, 2))
    order_id, _ = place(shop, row.promise_id, (LAMP, 2))
    assert row.assignments == {"HANGZHOU": {LAMP: 2}}

    # when
    if state == State.BEYOND_QUOTA:
        assert reserve(shop, place(shop, "", (LAMP, 1))[0]).units == 1
    else:
        with shop.begin() as session:
            session.get_one(OrderRow, order_id).instructions = {"location": "CHENGDU"}

    # then its cart is over, and the order is as any other
    assert reserve(shop, order_id) == answer, why
    assert order_of(shop, order_id).promise_state == state
    with shop() as session:
        assert session.scalars(select(PromiseClaimRow)).all() == []
    assert_ledger_explains_stock(shop)


def test_an_order_as_promised_claims_its_quota(shop: Sessions) -> None:
    quota(shop, LAMP, 3)
    order_id, _ = place(shop, promised(shop, (LAMP, 2)).promise_id, (LAMP, 2))

    assert reserve(shop, order_id) == Reservation(2, ["HANGZHOU"])

    with shop() as session:
        assert session.scalars(select(ChannelQuotaRow.claimed)).one() == 2


def test_a_group_leaves_a_promise_alone_that_takes_long_to_replace(shop: Sessions) -> None:
    # given an order that was changed after it took its promise, another, and a solver for which no group waits
    row = promised(shop, (LAMP, 2))
    changed, other = place(shop, row.promise_id, (LAMP, 2))[0], place(shop, "", (TEACUP, 1))[0]
    with shop.begin() as session:
        session.execute(text("UPDATE order_lines SET quantity = 3 WHERE order_id = :id"), {"id": changed})
    step = Reserve(shop, OutlookCache(ParameterCache(), exact=lambda problem, seconds: None))

    # when
    together = step._together([StockRequest(changed, 1), StockRequest(other, 1)])
    meanwhile = order_of(shop, changed).promise_state, counters(shop, LAMP)["reserved"]
    alone = step._alone(StockRequest(changed, 1))

    # then it keeps what its cart holds until it is decided by itself
    assert together == [None, Reservation(1, ["CHENGDU"])]
    assert (meanwhile, order_of(shop, changed).promise_state) == ((State.TAKEN, 2), State.CHANGED)
    assert alone.units == 3
    assert_ledger_explains_stock(shop)


@pytest.mark.parametrize(("holders", "why"), [(("one", "one"), "holder"), (("one", "two"), "quota")])
def test_two_carts_at_once_are_counted_one_after_the_other(shop: Sessions, holders: Sequence[str], why: str) -> None:
    # given a holder that may have one cart, and a channel that may claim three cups
    quota(shop, TEACUP, 3)
    first, second = ((TEACUP, 2), (TEACUP, 2)) if why == "quota" else ((TEACUP, 2), (LAMP, 1))

    # when two are asked for while somebody works on the stock of the first
    with ThreadPoolExecutor(2) as pool:
        with shop.begin() as session:
            session.execute(text("SELECT FROM stock WHERE sku = :sku FOR UPDATE"), {"sku": TEACUP})
            asked_for = list[Future[PromiseRow | None]]()
            for number, (line, holder) in enumerate(zip((first, second), holders, strict=True), 1):
                asked_for.append(pool.submit(cart, shop, line, holder=holder, carts=1))
                until_waiting(shop, number)
        refused = [one.exception() for one in asked_for]

    # then one is kept
    assert isinstance(refused[1], LimitReached) or asked_for[1].result() is None
    assert refused[0] is None
    assert asked_for[0].result()


def test_a_cart_is_renewed_and_given_up_by_its_holder_only(shop: Sessions) -> None:
    book, row = book_of(shop), promised(shop, (LAMP, 1))

    assert book.renew(row.promise_id, "jd", QUARTER) is None
    assert book.give_up(row.promise_id, "jd") is False
    renewed = book.renew(row.promise_id, CHANNEL, DAY)
    assert renewed is not None
    assert renewed.expires_at == renewed.held_until == row.made_at + LIMITS.longest

    assert [book.give_up(row.promise_id, CHANNEL) for _ in range(2)] == [True, True]
    assert counters(shop, LAMP) == {"on_hand": 3, "available": 3}
    with pytest.raises(NotOpen, match="expired"):
        book.renew(row.promise_id, CHANNEL, QUARTER)
    assert_ledger_explains_stock(shop)


def test_dates_that_are_renewed_never_expire_earlier(shop: Sessions) -> None:
    row = promised(shop, (LAMP, 1), held=KeptKind.DATES)

    renewed = [book_of(shop).renew(row.promise_id, CHANNEL, lifetime) for lifetime in (timedelta(minutes=1), DAY)]

    assert renewed[0] is not None
    assert renewed[1] is not None
    assert (renewed[0].expires_at, renewed[1].held_until) == (row.expires_at, None)
    assert renewed[1].expires_at - row.made_at >= DAY


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"carts": 1}, "1 carts hold stock"),
        ({"units": 4}, "may hold 4 units in all, and hold 2"),
        ({"share": 50}, f"may hold 4 units of {LAMP} now, and hold 2"),
        ({"kept": 1}, "1 promises are open"),
    ],
)
def test_one_holder_does_not_lock_all_stock(shop: Sessions, limits: dict[str, int], words: str) -> None:
    assert cart(shop, (LAMP, 2), **limits)

    with pytest.raises(LimitReached, match=words):
        cart(shop, (LAMP, 3), **limits)

    assert cart(shop, (LAMP, 3), holder="jd", **limits)
    with shop() as session:
        reserved = session.scalars(text("SELECT sum(reserved) FROM stock")).one()
    assert reserved == 5


def test_a_channel_is_promised_its_share_and_within_its_quota(shop: Sessions) -> None:
    # given half of the lamps, and five cups of which a cart has one
    quota(shop, TEACUP, 3)
    with shop.begin() as session:
        set_share(session, CHANNEL, LAMP, Share(50, 0))
    assert promised(shop, (TEACUP, 1))

    # when
    made = book_of(shop).answer(asked((LAMP, 5), (TEACUP, 3)))
    others = book_of(shop).answer(asked((LAMP, 5), (TEACUP, 3), channel="jd"))

    # then
    assert [line.available for line in made.lines] == [4, 2]
    assert [line.available for line in others.lines] == [5, 3]
    assert "ELEGANT-LAMP: 4 of 5" in made.reason
    assert "incomplete" in made.codes
    with shop() as session:
        assert session.scalars(select(ChannelQuotaRow.claimed)).one() == 0


def test_a_bundle_has_a_share_of_its_own(shop: Sessions) -> None:
    # given a set of a lamp and a cup, of which the channel may see a fifth
    stock_shop(shop, {"HANGZHOU": {"TEA-CORNER": 0}})
    with shop.begin() as session:
        for sku in (LAMP, TEACUP):
            session.add(ProductPartRow(bundle_sku="TEA-CORNER", part_sku=sku, quantity=1, valid_from=PLACED_AT))
        set_share(session, CHANNEL, "TEA-CORNER", Share(20, 0))

    # when it is asked for in two lines
    made = book_of(shop).answer(asked(("TEA-CORNER", 3), (TEACUP, 5), ("TEA-CORNER", 1)))

    # then five could be made, one is shown, and what that takes is no cup of the other line
    assert [line.available for line in made.lines] == [1, 4, 0]


def test_a_full_day_is_that_day_alone(shop: Sessions) -> None:
    # given a place that ships two units a day, and two that leave today
    with shop.begin() as session:
        session.execute(text("UPDATE locations SET capacity_units_per_day = 2 WHERE location_id = 'HANGZHOU'"))
    order_id, _ = place(shop, "", (LAMP, 2))
    reserve(shop, order_id)
    Allocate(shop, fresh_outlooks()).allocate_stock(StockRequest(order_id, 2))

    # when
    later = replace(asked((LAMP, 1)), at=datetime.now(UTC) + timedelta(days=3))
    made = [book_of(shop).answer(one) for one in (asked((LAMP, 1)), later)]

    # then
    assert [[parcel.location_id for parcel in one.parcels] for one in made] == [["CHENGDU"], ["HANGZHOU"]]


def test_stores_of_the_country_are_named_the_nearest_first(shop: Sessions) -> None:
    stock_shop(shop, {"LONDON": {LAMP: 9}})
    with shop.begin() as session:
        session.execute(text("UPDATE locations SET kind = 'store'"))

    made = book_of(shop).answer(replace(asked((LAMP, 4), (TEACUP, 1)), stores=9))

    assert [(one.location_id, one.available, one.complete) for one in made.stores] == [
        ("HANGZHOU", (3, 0), False),
        ("CHENGDU", (4, 1), True),
    ]


def test_a_gift_goes_along_and_a_changed_order_is_sourced_anew(shop: Sessions) -> None:
    # given two promised orders, of which one gets a gift and the other one more lamp
    row, other = promised(shop, (LAMP, 1)), promised(shop, (LAMP, 1))
    gifted, _ = place(shop, row.promise_id, (LAMP, 1))
    changed, _ = place(shop, other.promise_id, (LAMP, 1))
    with shop.begin() as session:
        session.execute(
            text("""INSERT INTO order_lines (order_id, line_no, sku, title, quantity, unit_price_minor, discount_minor,
                channel_line_id, added_by) VALUES (:id, 2, :sku, '', 1, 0, 0, '', 'a rule')"""),
            {"id": gifted, "sku": TEACUP},
        )
        session.execute(text("UPDATE order_lines SET quantity = 2 WHERE order_id = :id"), {"id": changed})

    # then
    assert reserve(shop, gifted) == Reservation(2, ["CHENGDU", "HANGZHOU"])
    assert reserve(shop, changed) == Reservation(2, ["HANGZHOU"])
    assert [order_of(shop, one).promise_state for one in (gifted, changed)] == [State.KEPT, State.CHANGED]
    allocation = Allocate(shop, fresh_outlooks()).allocate_stock(StockRequest(gifted, 2))
    assert sorted((work.location_id, work.units) for work in allocation.work) == [("CHENGDU", 1), ("HANGZHOU", 1)]
    assert_ledger_explains_stock(shop)


def test_old_promises_are_forgotten(shop: Sessions) -> None:
    row = promised(shop, (LAMP, 1), held=KeptKind.DATES)
    with shop.begin() as session:
        session.execute(text("UPDATE promises SET expires_at = now() - interval '2 days'"))

    sweep(shop)

    assert book_of(shop).find(row.promise_id, None) is None
