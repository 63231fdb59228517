"""Effects of movements on the counters."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.stock.movements import COUNTERS, EFFECT, Movement, changes

MOVEMENTS = st.lists(
    st.builds(
        Movement,
        st.sampled_from(sorted(EFFECT)),
        st.sampled_from(["ELEGANT-LAMP", "QUIET-TEACUP"]),
        st.sampled_from(["HANGZHOU", "CHENGDU"]),
        st.integers(-9, 9),
    ),
    max_size=20,
)
PROMISES = ("reserved", "allocated", "buffer", "quarantined")


@given(MOVEMENTS)
def test_rows_are_touched_in_the_order_of_sku_and_location(movements: list[Movement]) -> None:
    # when
    places = list(changes(movements))

    # then
    assert places == sorted({(movement.sku, movement.location_id) for movement in movements})


@given(MOVEMENTS, MOVEMENTS)
def test_the_changes_of_two_lists_are_the_sums_of_both(first: list[Movement], second: list[Movement]) -> None:
    # given
    one, other = changes(first), changes(second)

    # when
    both = changes([*first, *second])

    # then
    for place, change in both.items():
        for counter in COUNTERS:
            parts = one.get(place, {}).get(counter, 0), other.get(place, {}).get(counter, 0)
            assert change.get(counter, 0) == sum(parts)


def test_two_lines_of_one_sku_are_one_change() -> None:
    # given
    lines = [Movement("reserved", "ELEGANT-LAMP", "HANGZHOU", 2), Movement("reserved", "ELEGANT-LAMP", "HANGZHOU", 3)]

    # when / then
    assert changes(lines) == {("ELEGANT-LAMP", "HANGZHOU"): {"reserved": 5}}


@pytest.mark.parametrize(("claim", "undo"), [("reserved", "released"), ("allocated", "deallocated")])
def test_a_claim_and_its_undo_leave_nothing(claim: str, undo: str) -> None:
    # when
    (change,) = changes(Movement(kind, "ELEGANT-LAMP", "HANGZHOU", 2) for kind in (claim, undo)).values()

    # then
    assert not any(change.values())


@pytest.mark.parametrize(
    ("kinds", "available"),
    [
        (["received"], 1),
        (["received", "reserved"], 0),
        (["received", "reserved", "released"], 1),
        (["received", "allocated"], 0),
        (["received", "allocated", "deallocated"], 1),
        (["received", "allocated", "shipped"], 0),
        (["received", "allocated", "shipped", "returned"], 1),
        (["received", "allocated", "shipped", "returned", "quarantined"], 0),
        (["received", "adjusted"], 2),
    ],
)
def test_what_is_available_follows_from_the_movements(kinds: list[str], available: int) -> None:
    # when
    (change,) = changes(Movement(kind, "ELEGANT-LAMP", "HANGZHOU", 1) for kind in kinds).values()

    # then
    sums = Counter(change)
    assert sums["on_hand"] - sum(sums[promise] for promise in PROMISES) == available


def test_every_kind_of_movement_changes_counters_that_exist() -> None:
    assert all(set(effect) <= set(COUNTERS) and effect for effect in EFFECT.values())
