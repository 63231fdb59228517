"""Stock alerts are raised once for each crossing."""

from hypothesis import given
from hypothesis import strategies as some

from domain.stock.levels import BACK, LOW, OUT, Crossings, crossings

UNITS = some.integers(0, 1_000_000)


def told(levels: list[int], low_at: int) -> list[str]:
    """What is told while stock goes through these levels."""
    open_alerts, said = set[str](), list[str]()
    for available in levels:
        seen = crossings(available, low_at, open_alerts)
        said += seen.raised
        open_alerts = (open_alerts - set(seen.cleared)) | (set(seen.raised) - {BACK})
    return said


def test_each_crossing_raises_one_alert_however_stock_moves_beyond_it() -> None:
    assert told([9, 5, 3, 4, 2, 5], low_at=5) == [LOW]
    assert told([9, 5, 6, 5], low_at=5) == [LOW, LOW]
    assert told([3, 1, 0, 0, 2, 1], low_at=5) == [LOW, OUT, BACK]
    assert told([9, 0, 9, 0], low_at=5) == [LOW, OUT, BACK, LOW, OUT]


def test_a_threshold_of_nothing_is_never_low() -> None:
    assert told([1, 0, 1], low_at=0) == [OUT, BACK]


@given(some.lists(UNITS), some.integers(0, 100))
def test_out_and_back_take_turns(levels: list[int], low_at: int) -> None:
    turns = [kind for kind in told(levels, low_at) if kind != LOW]

    assert turns == [OUT, BACK] * (len(turns) // 2) + [OUT] * (len(turns) % 2)


def test_an_open_alert_is_not_raised_again() -> None:
    assert crossings(0, 5, {LOW, OUT}) == Crossings()
