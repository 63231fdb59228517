"""Promises by channel, service level, place and calendar; what is due next; and when to warn."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import product

import pytest

from domain.calendars import Calendar
from domain.promises import DELIVER, NOTHING, SHIP, Margin, Policy, PromiseBasis, Promised, moved, next_due, promise
from domain.service_levels import service_level

THURSDAY = datetime(2026, 11, 19, 2, tzinfo=UTC)
WEEKDAYS = Calendar("Asia/Shanghai", time(16), frozenset(range(1, 6)), "", frozenset({date(2026, 11, 23)}))
POLICY = Policy(
    ship_hours={"*": {"standard": 48, "express": 24}, "tmall": {"standard": 48}},
    calendars={"*": WEEKDAYS, "tmall": None},
    delivery_days={"*": {"standard": 15}, "CN": {"standard": 5, "express": 2}, "西藏自治区": {"standard": 9}},
)


def whose(channel: str = "web", level: str = "standard", country: str = "CN", province: str = "上海市") -> PromiseBasis:
    return PromiseBasis(THURSDAY, channel, level, country, province)


def test_a_platform_counts_every_hour() -> None:
    assert promise(whose("tmall"), Promised(), POLICY).ship_by == THURSDAY + timedelta(hours=48)


def test_a_deadline_on_a_day_off_moves_to_the_cut_off_of_the_next_working_day() -> None:
    # given: 48 hours from Thursday are Saturday, and Monday is closed
    promised = promise(whose(), Promised(), POLICY)

    # then: Tuesday 16:00 in Shanghai
    assert promised.ship_by == datetime(2026, 11, 24, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("of", "days"),
    [
        (whose("tmall"), 5),
        (whose("tmall", province="西藏自治区"), 9),
        (whose("tmall", level="express"), 2),
        (whose("tmall", country="AU", province="NSW"), 15),
    ],
    ids=["the country", "the province", "the service level", "anywhere"],
)
def test_days_in_transit_depend_on_the_narrowest_place_and_the_service_level(of: PromiseBasis, days: int) -> None:
    assert promise(of, Promised(), POLICY).deliver_by == THURSDAY + timedelta(hours=48, days=days)


def test_the_channels_promise_is_kept() -> None:
    told = Promised(THURSDAY + timedelta(hours=4), THURSDAY + timedelta(days=1))

    assert promise(whose(), told, POLICY) == told


def test_another_place_takes_the_days_of_our_rules_for_there() -> None:
    # Given a promise by our rules, and one of the channel's
    shanghai, lhasa = whose(), whose(province="西藏自治区")
    ours, told = promise(shanghai, Promised(), POLICY), Promised(THURSDAY, THURSDAY + timedelta(days=3))

    # Then only ours follows
    assert ours.ship_by
    assert ours.deliver_by
    assert moved(ours, shanghai, lhasa, POLICY) == Promised(ours.ship_by, ours.deliver_by + timedelta(days=4))
    assert moved(told, shanghai, lhasa, POLICY) == told
    assert moved(Promised(), shanghai, lhasa, POLICY) == Promised()


def test_where_there_is_no_rule_nothing_is_promised() -> None:
    assert promise(whose(), Promised(), Policy()) == Promised()


@pytest.mark.parametrize(
    ("hours", "before"), [(48, 12), (4, 2), (1, 1)], ids=["a quarter of the time", "two hours at least", "at once"]
)
def test_a_warning_leaves_time_to_act(hours: int, before: int) -> None:
    due = THURSDAY + timedelta(hours=hours)

    assert Margin(25, 2).before(THURSDAY, due) == due - timedelta(hours=before)


def test_the_most_urgent_tag_names_the_level() -> None:
    assert [service_level(tags) for tags in (["gift"], ["economy", "Express"], ["same-day"])] == [
        "standard",
        "express",
        "same-day",
    ]


@pytest.mark.parametrize(
    ("here", "away", "delivered", "short", "due"),
    [
        (0, 0, 0, False, SHIP),
        (1, 0, 0, False, SHIP),
        (1, 1, 1, False, SHIP),
        (0, 2, 0, False, DELIVER),
        (0, 1, 0, True, SHIP),
        (0, 1, 1, False, DELIVER),
        (0, 0, 2, False, NOTHING),
    ],
)
def test_the_slowest_fulfillment_order_decides_what_is_due(
    here: int, away: int, delivered: int, short: bool, due: str
) -> None:
    assert next_due(here, away, delivered, short=short, ended=False) == due


def test_of_an_order_that_has_ended_nothing_is_due() -> None:
    for here, away, delivered in product(range(2), repeat=3):
        assert next_due(here, away, delivered, short=True, ended=True) == NOTHING
