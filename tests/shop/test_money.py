"""Money in any order of events: sums by payment and by line are exact, and nothing is captured beyond what may be, paid
back beyond what was captured, or sent beyond what was ordered."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from commands.parameters import set_parameter
from domain.disputes import DisputeOutcome
from domain.tenders import TenderKind
from tests.activities.conftest import address, partners, steps
from tests.activities.story import Steps
from tests.conftest import EXAMPLES
from tests.factories import LAMP, TEACUP
from tests.shop.money_model import METHODS, SKUS, TERMS, Shop, placed

__all__ = ["address", "partners", "steps"]
skus, any_one, nothing = st.sampled_from(SKUS), st.integers(0, 5), st.just(0)

GOODS = st.one_of(
    st.tuples(st.just("send"), skus, st.integers(1, 2)),
    st.tuples(st.just("lose"), any_one, st.sampled_from(["reship", "reship", "refund"])),
    st.tuples(st.just("deliver"), any_one, nothing),
    st.tuples(st.just("cancel"), skus, nothing),
    st.tuples(st.just("want"), skus, st.sampled_from([-1, 1])),
    st.tuples(st.just("edit"), st.just("discount"), st.integers(0, 9_00)),
    st.tuples(st.just("edit"), st.just("shipping"), st.integers(0, 15_00)),
)
MONEY = st.one_of(
    st.tuples(st.sampled_from(["pay_link", "hear", "pay_by_hand"]), nothing, nothing),
    st.tuples(st.just("take_back"), skus, st.integers(1, 2)),
    st.tuples(st.just("claim"), st.integers(1, 9_00), st.sampled_from(["original", "store_credit"])),
    st.tuples(st.just("dispute"), st.integers(1, 60_00), any_one),
    st.tuples(st.just("decide"), any_one, st.sampled_from(DisputeOutcome)),
)
TENDERS = st.lists(st.tuples(st.sampled_from(TenderKind), st.integers(1, 30_00)), max_size=3)

THE_PARCEL_WITH_THE_SHIPPING_IS_LOST = [
    ("send", LAMP, 1),
    ("send", LAMP, 1),
    ("lose", 0, "reship"),
    ("cancel", TEACUP, 0),
    ("cancel", TEACUP, 0),
    ("send", LAMP, 1),
    ("cancel", LAMP, 0),
]


@pytest.fixture
def shop_terms(steps: Steps) -> Steps:
    set_parameter(steps.sessions, "payment_terms", TERMS, datetime(2020, 1, 1, tzinfo=UTC), None, "a contract", "sun")
    return steps


@settings(max_examples=max(8, EXAMPLES // 2), suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(method="held", tenders=[], before=THE_PARCEL_WITH_THE_SHIPPING_IS_LOST, after=[])
@example(
    method="wallet",
    tenders=[(TenderKind.GATEWAY, 1)],
    before=[("send", LAMP, 1), ("edit", "discount", 0)],
    after=[("hear", 0, 0)],
)
@given(
    method=st.sampled_from(list(METHODS)),
    tenders=TENDERS,
    before=st.lists(GOODS | GOODS | MONEY, min_size=2, max_size=9),
    after=st.lists(MONEY, max_size=4),
)
def test_money_is_exact_in_any_order_of_events(
    shop_terms: Steps,
    address: str,
    method: str,
    tenders: list[tuple[TenderKind, int]],
    before: list[Any],
    after: list[Any],
) -> None:
    # given
    shop = Shop.open(shop_terms, placed(method, tenders, shop_terms), f"{address}/payments")

    # when
    for name, what, number in before:
        getattr(shop, name)(what, number)
        shop.holds_true()
    shop.end()
    for name, what, number in after:
        getattr(shop, name)(what, number)
        shop.holds_true()
    shop.settle()
    shop.pay_by_hand()

    # then
    shop.holds_true()
    shop.adds_up()


def test_what_a_bank_has_taken_for_a_lost_parcel_is_not_captured_again_when_its_goods_are_sent_again(
    shop_terms: Steps, address: str
) -> None:
    # given a parcel that is captured, lost, and paid back by the customer's bank
    shop = Shop.open(shop_terms, placed("held", [], shop_terms), f"{address}/payments")
    shop.send(LAMP, 2)
    captured = shop.moved()["captured", ""]
    shop.dispute(captured, 0)
    shop.decide(0, DisputeOutcome.LOST)

    # when its goods are sent again all the same
    shop.lose(0, "reship")
    shop.send(LAMP, 2)

    # then
    assert shop.moved()["captured", ""] == captured
    shop.end()
    shop.holds_true()
