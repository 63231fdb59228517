"""Purchase lines, promised days, and differences of a count."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.arrivals import MovedSinceCount, Waiter, difference, promised_days, received_by_line

MAY, JUNE = date(2027, 5, 1), date(2027, 6, 1)
UNITS = st.integers(0, 20)


def test_received_units_fill_the_earliest_due_line_first() -> None:
    ordered = {("LAMP", JUNE): 5, ("LAMP", MAY): 4, ("CUP", MAY): 2}

    assert received_by_line(ordered, {"LAMP": 6}) == {("LAMP", MAY): 4, ("LAMP", JUNE): 2, ("CUP", MAY): 0}


def test_units_beyond_the_purchase_order_are_on_no_line() -> None:
    assert received_by_line({("LAMP", MAY): 4}, {"LAMP": 9}) == {("LAMP", MAY): 4}


def test_an_order_is_promised_the_day_that_also_covers_those_before_it() -> None:
    queue = [Waiter("FIRST", 3), Waiter("SECOND", 4), Waiter("THIRD", 2), Waiter("FOURTH", 5)]

    assert promised_days(1, [(MAY, 6), (JUNE, 3)], queue) == {"FIRST": MAY, "SECOND": MAY, "THIRD": JUNE}


def test_an_order_covered_by_available_stock_gets_no_promise() -> None:
    assert promised_days(3, [(MAY, 6)], [Waiter("FIRST", 3), Waiter("SECOND", 4)]) == {"SECOND": MAY}


@given(st.integers(0, 9), st.lists(UNITS, max_size=4), st.lists(st.integers(1, 9), max_size=9))
def test_no_more_is_promised_than_is_here_or_coming(available: int, coming: list[int], wanted: list[int]) -> None:
    queue = [Waiter(str(number), units) for number, units in enumerate(wanted)]
    expected = [(date(2027, 1, 1 + day), units) for day, units in enumerate(coming)]

    promised = promised_days(available, expected, queue)

    assert sum(waiter.wanted for waiter in queue if waiter.order_id in promised) <= available + sum(coming)
    assert list(promised.values()) == sorted(promised.values())


@pytest.mark.parametrize(
    ("counted", "since", "expected"),
    [
        (10, MovedSinceCount(0, 0, 0), 0),
        (7, MovedSinceCount(0, 0, 0), -3),
        (12, MovedSinceCount(0, 0, 0), 2),
        # Three were shipped after the count: it may have seen 13 or 10, and four that are packed may be gone too.
        (13, MovedSinceCount(0, 3, 0), 0),
        (10, MovedSinceCount(0, 3, 0), 0),
        (9, MovedSinceCount(0, 3, 0), -1),
        (6, MovedSinceCount(0, 3, 4), 0),
        (14, MovedSinceCount(0, 3, 4), 1),
        # Five came after the count: it may have seen 5 or 10.
        (5, MovedSinceCount(5, 0, 0), 0),
        (4, MovedSinceCount(5, 0, 0), -1),
    ],
)
def test_movements_since_the_count_are_no_difference(counted: int, since: MovedSinceCount, expected: int) -> None:
    assert difference(counted, 10, since) == expected
