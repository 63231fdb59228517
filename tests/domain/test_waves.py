"""When a location gets the work of a new order."""

from datetime import UTC, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as some

from domain.calendars import Calendar
from domain.waves import next_wave, skips_waves

WAVES = (time(14), time(9))
HANGZHOU = Calendar("Asia/Shanghai", time(18), frozenset(range(1, 6)), "", frozenset())


@pytest.mark.parametrize(
    ("at", "released_at"),
    [
        ("2026-11-23T00:59:00Z", "2026-11-23T01:00:00Z"),
        # What comes at the very moment of a wave is in the next one.
        ("2026-11-23T01:00:00Z", "2026-11-23T06:00:00Z"),
        ("2026-11-23T06:30:00Z", "2026-11-24T01:00:00Z"),
        ("2026-11-27T07:00:00Z", "2026-11-30T01:00:00Z"),
        ("2026-11-28T07:00:00Z", "2026-11-30T01:00:00Z"),
    ],
)
def test_work_is_released_at_the_next_wave_of_a_working_day(at: str, released_at: str) -> None:
    assert next_wave(HANGZHOU, WAVES, datetime.fromisoformat(at)) == datetime.fromisoformat(released_at)


@given(seconds=some.integers(1_700_000_000, 1_800_000_000))
def test_there_is_always_a_next_wave_and_it_is_ahead(seconds: int) -> None:
    at = datetime.fromtimestamp(seconds, UTC)
    released = next_wave(HANGZHOU, WAVES, at)

    assert released is not None
    assert released > at


def test_a_location_without_waves_gets_its_work_at_once() -> None:
    assert next_wave(HANGZHOU, (), datetime.now(UTC)) is None


def test_urgent_work_skips_waves() -> None:
    assert skips_waves({"urgent": True})
    assert skips_waves({"priority": 20})
    assert skips_waves({}, tags=["gift", "Same-Day"])
    assert not skips_waves({"priority": 100}, tags=["priority"])
    assert not skips_waves({})
