"""The schedule of Standard Webhooks, and how a receiver that fails is left alone."""

from datetime import timedelta

from domain.retries import SCHEDULE, TOTAL_TIME, circuit_pause, next_pause


def test_the_schedule_is_that_of_standard_webhooks() -> None:
    minute, hour = 60, 3_600
    seconds = [0, 5, 5 * minute, 30 * minute, *(hours * hour for hours in (2, 5, 10, 14, 20, 24))]

    assert [pause.total_seconds() for pause in SCHEDULE] == seconds


def test_a_try_comes_after_its_pause_until_there_are_no_more() -> None:
    pauses = [next_pause(tries) for tries in range(1, 12)]

    assert pauses == [*SCHEDULE[1:], None, None]
    assert timedelta(hours=75, minutes=35, seconds=5) == TOTAL_TIME


def test_what_the_receiver_asks_for_is_obeyed_up_to_a_day() -> None:
    assert next_pause(1, 60) == timedelta(seconds=60)
    assert next_pause(4, 60) == timedelta(hours=2)
    assert next_pause(1, 10**9) == timedelta(days=1)


def test_a_receiver_that_goes_on_failing_is_left_alone_ever_longer() -> None:
    pauses = [circuit_pause(failures) for failures in (0, 4, 5, 6, 7, 1_000)]

    assert pauses == [None, None, *(timedelta(seconds=seconds) for seconds in (5, 10, 20, 300))]
