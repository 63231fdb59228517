"""Windows of a pull overlap, leave no gap, and end before either clock's present."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.pulling import Pace, Window, closed, next_cursor, next_window

NOW = datetime(2026, 11, 11, 12, tzinfo=UTC)
PACE = Pace(
    overlap=timedelta(minutes=5), skew=timedelta(seconds=30), longest=timedelta(days=1), first=timedelta(days=3)
)


def test_the_first_window_looks_back_and_the_last_one_reaches_the_present() -> None:
    first, more = next_window(None, NOW, PACE)

    assert first.start == NOW - timedelta(days=3, minutes=5, seconds=30)
    assert (first.end - first.start, more) == (timedelta(days=1), True)
    last, more = next_window(NOW - timedelta(hours=1), NOW, PACE)
    assert (last.end, more) == (NOW - timedelta(seconds=30), False)


@given(
    st.lists(st.timedeltas(timedelta(), timedelta(days=4)), min_size=1, max_size=8),
    st.timedeltas(-timedelta(minutes=10), timedelta(minutes=10)),
)
def test_windows_leave_no_gap_whatever_the_pauses_and_the_clock(pauses: list[timedelta], off: timedelta) -> None:
    cursor, now = None, NOW
    for pause in pauses:
        now += pause
        before = cursor
        window, _ = next_window(cursor, now, PACE)
        window = closed(window, now + off, PACE.skew)
        cursor = next_cursor(cursor, window)
        assert before is None or (window.start < before <= cursor)
        assert cursor <= now


def test_a_platform_whose_clock_is_behind_ends_the_window() -> None:
    window = Window(NOW - timedelta(hours=1), NOW)

    assert closed(window, NOW - timedelta(minutes=10), PACE.skew).end == NOW - timedelta(minutes=10, seconds=30)
    assert closed(window, NOW + timedelta(minutes=10), PACE.skew) == window
    assert closed(window, None, PACE.skew) == window
