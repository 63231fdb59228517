"""Promises before the order: lines, dates, and which order may take one."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.bundles import explode
from domain.promises import Promised
from domain.promising import Parcel, State, Terms, allot, dates, extra, may_hold, region_token, renewed, takes, units_of

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
PARCEL = Parcel("HANGZHOU", {"LAMP": 1}, "SF", 800, 120.0, NOON + HOUR, NOON + 20 * HOUR, NOON + 30 * HOUR)
TERMS = Terms("tmall", region_token("CN", "浙江省"), "", {"LAMP": 2})
SETS = {"SET": {"CUP": 4, "POT": 1}}


def test_lines_are_served_in_their_order_and_a_bundle_only_whole() -> None:
    lines = [("SET", 2), ("CUP", 3), ("POT", 1)]

    assert allot(lines, SETS, {"CUP": 10, "POT": 2}) == [2, 2, 0]
    assert allot(lines, SETS, {"CUP": 7, "POT": 2}) == [1, 3, 1]
    assert allot(lines, SETS, {}) == [0, 0, 0]


@given(
    st.lists(st.tuples(st.sampled_from(["SET", "CUP", "POT"]), st.integers(1, 9)), max_size=5),
    st.dictionaries(st.sampled_from(["CUP", "POT"]), st.integers(0, 40)),
)
def test_no_more_is_allotted_than_asked_for_and_than_there_is(
    lines: list[tuple[str, int]], there: dict[str, int]
) -> None:
    given_units = allot(lines, SETS, there)

    assert all(0 <= units <= quantity for units, (_, quantity) in zip(given_units, lines, strict=True))
    needed = explode(units_of((sku, units) for units, (sku, _) in zip(given_units, lines, strict=True)), SETS)
    assert all(units <= there.get(sku, 0) for sku, units in needed.items())


@pytest.mark.parametrize(
    ("by_rule", "promised"),
    [
        (Promised(), Promised(NOON + HOUR, NOON + 30 * HOUR)),
        (Promised(NOON + 48 * HOUR, NOON + 96 * HOUR), Promised(NOON + 48 * HOUR, NOON + 96 * HOUR)),
        (Promised(NOON, NOON + 24 * HOUR), Promised(NOON + HOUR, NOON + 30 * HOUR)),
    ],
)
def test_dates_are_those_of_the_rules_unless_the_goods_cannot_make_them(by_rule: Promised, promised: Promised) -> None:
    assert dates(by_rule, [PARCEL]) == promised


def test_the_slowest_parcel_decides_and_without_parcels_nothing_is_promised() -> None:
    fetched = replace(PARCEL, leaves_at=NOON + 5 * HOUR, arrives_at=None, latest_at=None)

    assert dates(Promised(), [PARCEL, fetched]) == Promised(NOON + 5 * HOUR, NOON + 30 * HOUR)
    assert dates(Promised(), [fetched]) == Promised(NOON + 5 * HOUR, None)
    assert dates(Promised(NOON, NOON), []) == Promised()


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, State.TAKEN),
        ({"region": region_token("CN", "浙江")}, State.TAKEN),
        ({"channel": "jd"}, State.UNKNOWN),
        ({"units": {"LAMP": 3}}, State.OTHER_GOODS),
        ({"region": region_token("CN", "四川省")}, State.OTHER_PLACE),
        ({"region": region_token("DE", "")}, State.OTHER_PLACE),
        ({"pickup_location": "STORE-1"}, State.OTHER_PLACE),
    ],
)
def test_an_order_takes_a_promise_of_the_same_goods_to_the_same_place(changes: dict[str, Any], state: State) -> None:
    assert takes(TERMS, replace(TERMS, **changes)) == state


def test_what_an_order_wants_beyond_its_promise() -> None:
    promised = {"HANGZHOU": {"LAMP": 1}, "CHENGDU": {"LAMP": 1, "CUP": 2}}

    assert extra({"LAMP": 2, "CUP": 2}, promised) == {}
    assert extra({"LAMP": 3, "CUP": 2, "GIFT": 1}, promised) == {"LAMP": 1, "GIFT": 1}
    assert extra({"LAMP": 1, "CUP": 2}, promised) is None


def test_a_renewal_never_shortens_a_promise_and_ends_with_its_longest_life() -> None:
    longest = timedelta(hours=2)

    assert renewed(NOON + HOUR, NOON, NOON + HOUR / 2, longest) == NOON + HOUR
    assert renewed(NOON + HOUR, NOON, NOON + 5 * HOUR, longest) == NOON + 2 * HOUR


def test_the_share_of_a_holder_is_rounded_up_so_that_the_last_unit_can_be_held() -> None:
    assert [may_hold(50, available, held) for available, held in ((10, 0), (1, 0), (0, 1), (3, 4), (0, 0))] == [
        *(5, 1, 1, 4, 0)
    ]
