"""A quota is hard: a channel claims no more of a limited item, even when there is stock."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from activities.allocate import Allocate
from activities.reserve import Reserve, StockRequest
from domain.undo import UndoRequest
from models.database import Sessions
from models.goods import ChannelQuotaRow
from record.sourcing.claims import Reservation
from record.stock.channel_shares import Quota, set_quotas
from record.stock.mistakes import Mistake
from record.stock.quotas import quota_left
from tests.factories import CHANNEL, LAMP, TEACUP, an_order, counters, fresh_outlooks, place_orders, stock_shop

YESTERDAY = datetime.now(UTC) - timedelta(days=1)


@pytest.fixture
def limited(sessions: Sessions) -> Sessions:
    """A hundred lamps, of which the channel may sell five."""
    stock_shop(sessions, {"HANGZHOU": {LAMP: 100, TEACUP: 100}})
    limit(sessions, 5)
    return sessions


def limit(
    sessions: Sessions, quantity: int, valid_from: datetime = YESTERDAY, valid_to: datetime | None = None
) -> None:
    with sessions.begin() as session:
        set_quotas(session, CHANNEL, LAMP, [Quota(quantity, valid_from, valid_to)])


def an_accepted(sessions: Sessions, units: int, channel: str = CHANNEL) -> str:
    (order_id,) = place_orders(sessions, [an_order([(LAMP, units), (TEACUP, 1)], channel=channel)], "accepted")
    return order_id


def reserve(sessions: Sessions, order_id: str, round_: int = 1) -> Reservation:
    return Reserve(sessions, fresh_outlooks()).reserve_stock(StockRequest(order_id, round_))


def remaining_quota(sessions: Sessions) -> int:
    with sessions() as session:
        return quota_left(session, CHANNEL, [LAMP, TEACUP])[LAMP]


def test_a_claim_beyond_the_quota_is_short_although_there_is_stock(limited: Sessions) -> None:
    # given
    reserve(limited, an_accepted(limited, 3))

    # when
    beyond = reserve(limited, an_accepted(limited, 3))
    within = reserve(limited, an_accepted(limited, 2))

    # then
    assert (beyond.units, beyond.short_units, within.units) == (0, 1, 3)
    assert counters(limited, LAMP) == {"on_hand": 100, "reserved": 5, "available": 95}
    assert remaining_quota(limited) == 0


def test_a_quota_does_not_limit_another_channel(limited: Sessions) -> None:
    assert reserve(limited, an_accepted(limited, 50, "web")).short_units == 0


def test_many_at_once_claim_exactly_the_quota(limited: Sessions) -> None:
    # given
    orders = place_orders(limited, [an_order([(LAMP, 1)]) for _ in range(40)], "accepted")

    # when
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda order: reserve(limited, order), orders))

    # then
    assert Counter(answer.units for answer in answers) == {1: 5, 0: 35}
    assert counters(limited, LAMP)["reserved"] == 5


def test_released_units_may_be_claimed_again_and_allocated_ones_may_not(limited: Sessions) -> None:
    # given
    kept, released = an_accepted(limited, 2), an_accepted(limited, 3)
    for order in (kept, released):
        reserve(limited, order)
    Allocate(limited, fresh_outlooks()).allocate_stock(StockRequest(kept, 2))

    # when
    for order in (kept, released, released):
        Reserve(limited, fresh_outlooks()).release_stock(UndoRequest(order, order, "the customer canceled"))

    # then
    assert remaining_quota(limited) == 3


def test_allocating_reserved_units_uses_the_quota_once(limited: Sessions) -> None:
    # given
    order = an_accepted(limited, 4)
    reserve(limited, order)

    # when
    allocation = Allocate(limited, fresh_outlooks()).allocate_stock(StockRequest(order, 2))

    # then
    assert allocation.short_units == 0
    assert remaining_quota(limited) == 1


@pytest.mark.parametrize("days", [(-3, -2), (2, 3)], ids=["over", "not yet begun"])
def test_a_quota_counts_only_while_it_is_valid(limited: Sessions, days: tuple[int, int]) -> None:
    # given
    now = datetime.now(UTC)
    limit(limited, 0, *(now + timedelta(days=day) for day in days))

    # when / then
    assert reserve(limited, an_accepted(limited, 50)).short_units == 0


def test_a_quota_cannot_be_lowered_below_its_claims_and_keeps_them_when_raised(limited: Sessions) -> None:
    # given
    reserve(limited, an_accepted(limited, 4))

    # when
    with pytest.raises(Mistake, match=r"quotas\[0\].quantity"):
        limit(limited, 3)
    limit(limited, 9)

    # then
    with limited() as session:
        rows = session.scalars(select(ChannelQuotaRow)).all()
    assert [(row.quantity, row.claimed) for row in rows] == [(9, 4)]
