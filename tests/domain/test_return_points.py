"""Spent points are deducted from a refund, but never all of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.returns.refunds import deduct_points


@pytest.mark.parametrize(
    ("spent", "due", "worth", "paid"),
    [
        (13, 1999, 100, (13, 13)),
        (13, 1999, 250, (13, 32)),
        (13, 10, 100, (9, 9)),
        (13, 1, 100, (0, 0)),
        (-5, 1999, 100, (0, 0)),
        (13, 1999, 0, (0, 0)),
    ],
)
def test_a_hundred_points_have_a_worth(spent: int, due: int, worth: int, paid: tuple[int, int]) -> None:
    assert deduct_points(spent, due, worth) == paid


@given(spent=st.integers(-10, 10**6), due=st.integers(-10, 10**8), worth=st.integers(0, 10**6))
def test_points_deducted_are_at_most_those_spent_and_leave_a_refund(spent: int, due: int, worth: int) -> None:
    points, money = deduct_points(spent, due, worth)

    assert 0 <= points <= max(0, spent)
    assert 0 <= money <= max(0, due - 1)
