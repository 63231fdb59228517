"""The schedule of Standard Webhooks, and pauses for a receiver that fails."""

from datetime import timedelta

from domain.retries import SCHEDULE, TOTAL_TIME, circuit_pause, next_pause


def test_the_schedule_is_that_of_standard_webhooks() -> None:
    minute, hour = 60, 3_600
    seconds = [0, 5, 5 * minute, 30 * minute, *(hours * hour for hours in (2, 5, 10, 14, 20, 24))]

    assert [pause.total_seconds() for pause in SCHEDULE] == seconds


def test_attempts_follow_the_schedule_until_it_ends() -> None:
    pauses = [next_pause(tries) for tries in range(1, 12)]

    assert pauses == [*SCHEDULE[1:], None, None]
    assert timedelta(hours=75, minutes=35, seconds=5) == TOTAL_TIME


def test_retry_after_is_honored_up_to_a_day() -> None:
    assert next_pause(1, 60) == timedelta(seconds=60)
    assert next_pause(4, 60) == timedelta(hours=2)
    assert next_pause(1, 10**9) == timedelta(days=1)


def test_pauses_grow_while_a_receiver_keeps_failing() -> None:
    pauses = [circuit_pause(failures) for failures in (0, 4, 5, 6, 7, 1_000)]

    assert pauses == [None, None, *(timedelta(seconds=seconds) for seconds in (5, 10, 20, 300))]
