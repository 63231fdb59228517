"""Channels take turns in the order queue, and the backlog stays in PostgreSQL."""

import time
from collections import Counter

import pytest
from sqlalchemy import text

from domain.service_levels import urgency
from models.database import Sessions
from relay.order_queue import BATCH, OrderQueue
from tests.factories import an_order, place_orders

MANY = text("""
    INSERT INTO orders (order_id, channel, channel_order_id, request_hash, placed_at, customer_id, currency,
        discount_minor, shipping_minor, tax_minor, grand_total_minor, payment_reference, payment_method, country,
        province, receiver, remarks, tags, units, relay_after)
    SELECT 'BIG-' || number, 'marketplace-' || number % 4, number::text, '', now(), 'C', 'CNY', 0, 0, 0, 0, 'P', '',
        'CN', '', '{}', '', '[]', 1, now() - interval '1 day' + number * interval '1 millisecond'
    FROM generate_series(1, 100000) AS number
""")


def taken(sessions: Sessions, fair: bool = True, ahead: int = 100) -> Counter[str]:
    return Counter(order.channel for order in OrderQueue(sessions, fair, ahead).take().orders)


def burst(sessions: Sessions, number: int = 2 * BATCH, channel: str = "marketplace") -> list[str]:
    return place_orders(sessions, [an_order(channel=channel) for _ in range(number)])


def test_a_small_channel_does_not_wait_for_the_end_of_a_burst(sessions: Sessions) -> None:
    # given a burst of a marketplace, and then a few orders of two stores
    burst(sessions)
    burst(sessions, 3, "store")
    burst(sessions, 1, "mini-program")

    # when / then the stores are in the first batch, and the marketplace has the rest of it
    assert taken(sessions) == {"store": 3, "mini-program": 1, "marketplace": BATCH - 4}


def test_strictly_by_age_a_small_channel_waits(sessions: Sessions) -> None:
    burst(sessions)
    burst(sessions, 3, "store")
    assert taken(sessions, fair=False) == {"marketplace": BATCH}


def test_within_a_channel_the_oldest_order_is_first(sessions: Sessions) -> None:
    first, second = burst(sessions, BATCH), burst(sessions, BATCH)
    took = [[order.order_id for order in OrderQueue(sessions, True, 1000).take().orders] for _ in range(2)]
    assert [sorted(batch) for batch in took] == [sorted(first), sorted(second)]


def test_no_more_orders_are_in_temporal_than_agreed(sessions: Sessions) -> None:
    # given room for ten, of which seven are started and not audited
    orders = burst(sessions)
    with sessions.begin() as session:
        started = {"started": orders[:7]}
        session.execute(text("UPDATE orders SET workflow_started_at = now() WHERE order_id = ANY(:started)"), started)

    # when the relay takes some
    first = OrderQueue(sessions, True, 10).take()

    # then it takes three, and none while there is no room, but is told to look again soon
    assert len(first.orders) == 3
    with sessions.begin() as session:
        started = {"started": [order.order_id for order in first.orders]}
        session.execute(text("UPDATE orders SET workflow_started_at = now() WHERE order_id = ANY(:started)"), started)
    assert OrderQueue(sessions, True, 10).take() == ((), True)

    # and goes on when some are audited
    with sessions.begin() as session:
        session.execute(text("UPDATE orders SET status = 'accepted' WHERE order_id = ANY(:started)"), started)
    assert len(OrderQueue(sessions, True, 10).take().orders) == 3


def test_orders_stuck_before_their_audit_do_not_stop_the_others(sessions: Sessions) -> None:
    burst(sessions, 5)
    with sessions.begin() as session:
        session.execute(text("UPDATE orders SET workflow_started_at = now() - interval '2 minutes'"))
    burst(sessions, 1)
    assert len(OrderQueue(sessions, True, 5).take().orders) == 1


def test_a_backlog_of_a_hundred_thousand_is_as_quick_as_a_short_one(sessions: Sessions) -> None:
    # given
    with sessions.begin() as session:
        session.execute(MANY)
        session.execute(text("ANALYZE orders"))
    burst(sessions, 2, "store")

    # when
    began = time.perf_counter()
    first = taken(sessions)
    took = time.perf_counter() - began

    # then the query did not sort the whole backlog
    assert first["store"] == 2
    assert sum(first.values()) == BATCH
    assert took < 0.5


@pytest.mark.parametrize(
    ("tags", "key"),
    [((), 3), (("gift",), 3), (("Express", "gift"), 1), (("economy",), 4), (("economy", "priority"), 2)],
)
def test_tags_set_the_urgency_of_an_order(tags: tuple[str, ...], key: int) -> None:
    assert urgency(tags) == key
