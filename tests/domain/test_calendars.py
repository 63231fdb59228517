"""Working days and cut-offs of a location."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from domain.calendars import Calendar, NeverWorks, known_zone

WEEKDAYS = frozenset(range(1, 6))
HANGZHOU = Calendar("Asia/Shanghai", time(16), WEEKDAYS, "CN", frozenset({date(2026, 11, 25)}))
LONDON = Calendar("Europe/London", time(14), WEEKDAYS, "GB", frozenset())
EVERY_DAY = Calendar("Asia/Shanghai", time(18), frozenset(range(1, 8)), "", frozenset())

MOMENTS = some.integers(1_704_067_200, 1_830_297_600).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


@pytest.mark.parametrize(
    ("placed_at", "leaves_on"),
    [
        ("2026-11-23T07:59:00Z", "2026-11-23"),
        ("2026-11-23T08:00:00Z", "2026-11-23"),
        ("2026-11-23T08:01:00Z", "2026-11-24"),
        # Of the evening before in UTC it is the morning after in China.
        ("2026-11-22T20:00:00Z", "2026-11-23"),
        # The 25th is closed.
        ("2026-11-24T09:00:00Z", "2026-11-26"),
        # Friday afternoon.
        ("2026-11-27T09:00:00Z", "2026-11-30"),
        # The day before the National Day: the week is free, and Saturday the 10th is worked for it.
        ("2026-09-30T09:00:00Z", "2026-10-08"),
        ("2026-10-09T09:00:00Z", "2026-10-10"),
    ],
)
def test_orders_before_the_cut_off_leave_on_the_same_working_day(placed_at: str, leaves_on: str) -> None:
    assert HANGZHOU.leaves_on(datetime.fromisoformat(placed_at)) == date.fromisoformat(leaves_on)


def test_public_holidays_are_those_of_the_country_and_none_without_one() -> None:
    new_year, boxing_day = date(2026, 1, 1), date(2026, 12, 28)

    assert not HANGZHOU.works(new_year)
    assert HANGZHOU.works(boxing_day)
    assert not LONDON.works(boxing_day)
    assert EVERY_DAY.works(new_year)
    assert Calendar("UTC", time(12), WEEKDAYS, "XX", frozenset()).works(new_year)


def test_the_cut_off_follows_the_summer_time_of_the_place() -> None:
    assert LONDON.cut_off_at(date(2026, 1, 5)) == datetime(2026, 1, 5, 14, tzinfo=UTC)
    assert LONDON.cut_off_at(date(2026, 7, 6)) == datetime(2026, 7, 6, 13, tzinfo=UTC)


@given(at=MOMENTS)
def test_goods_leave_on_a_working_day_whose_cut_off_has_not_passed(at: datetime) -> None:
    day = HANGZHOU.leaves_on(at)

    assert HANGZHOU.works(day)
    assert HANGZHOU.cut_off_at(day) >= at - timedelta(seconds=1)


@given(at=MOMENTS, later=some.timedeltas(timedelta(), timedelta(days=30)))
def test_a_later_order_never_leaves_earlier(at: datetime, later: timedelta) -> None:
    assert HANGZHOU.leaves_on(at) <= HANGZHOU.leaves_on(at + later)


def test_a_calendar_without_a_working_day_raises_never_works() -> None:
    with pytest.raises(NeverWorks):
        Calendar("UTC", time(12), frozenset(), "", frozenset()).leaves_on(datetime.now(UTC))


def test_time_zones_are_known_by_name() -> None:
    assert known_zone("Asia/Shanghai")
    assert not known_zone("Asia/Hangzhou")
    assert not known_zone("../etc/passwd")
    assert not known_zone("")
