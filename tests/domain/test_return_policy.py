"""The return policy: deadlines, quantities, exclusions and evidence."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.money import Money
from domain.returns.kinds import KINDS, ReturnKind
from domain.returns.policy import LineFacts, ReturnFacts, refusal, windows_of
from domain.returns.terms import LEGAL_ZONE, CustomsReturn, Terms, Window, read_terms, read_windows

WEEK = Window(days=7)
SIGNED = datetime(2026, 3, 1, 15, 20, tzinfo=LEGAL_ZONE)
FACTS = ReturnFacts(
    kind=ReturnKind.RETURN_AND_REFUND,
    asked={1: 1},
    ordered={1: 2, 2: 1},
    in_other_cases={},
    lines={1: LineFacts("ELEGANT-LAMP"), 2: LineFacts("QUIET-TEACUP", goods_class="tableware")},
    order_undone=False,
    refundable=Money(5_000, "CNY"),
    amount=None,
    delivered_at=SIGNED,
    requested_at=SIGNED + timedelta(days=1),
    windows={"*": WEEK},
)
ENGRAVED = {1: LineFacts("ELEGANT-LAMP", exclusion="custom_made")}
CLAIM: dict[str, Any] = {"kind": ReturnKind.CLAIM, "asked": {}}
LONG_AGO = SIGNED + timedelta(days=60)


def in_china(day: int, hour: int, minute: int) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=LEGAL_ZONE)


@pytest.mark.parametrize(
    "signed",
    [in_china(1, 0, 0), in_china(1, 15, 20), in_china(1, 23, 59), datetime(2026, 2, 28, 16, 0, tzinfo=UTC)],
)
def test_seven_days_count_from_the_day_after_delivery_in_chinas_time(signed: datetime) -> None:
    assert WEEK.ends(signed) == in_china(9, 0, 0)


@pytest.mark.parametrize(
    ("requested", "in_time"), [(in_china(8, 23, 59), True), (in_china(9, 0, 0), False), (in_china(1, 15, 21), True)]
)
def test_the_window_is_open_to_the_last_minute_of_the_seventh_day(requested: datetime, in_time: bool) -> None:
    # when
    reason = refusal(replace(FACTS, requested_at=requested.astimezone(UTC)))

    # then
    assert (reason is None) == in_time


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"asked": {}}, "no line was named"),
        ({"order_undone": True}, "was not carried out"),
        ({"refundable": Money(0, "CNY")}, "nothing was paid"),
        ({"asked": {3: 1}}, "has no line 3"),
        ({"asked": {1: 3}}, "line 1 has 2 units left"),
        ({"asked": {1: 2}, "in_other_cases": {1: 1}}, "line 1 has 1 units left"),
        ({"requested_at": LONG_AGO}, "the window of 7 days after the day of signing is over"),
        ({"requested_at": LONG_AGO, "windows": {"*": Window(hours=168)}}, "the window of 168 hours"),
        ({"kind": ReturnKind.EXCHANGE, "delivered_at": None}, "have not been delivered yet"),
        ({"kind": ReturnKind.EXCHANGE, "crossed_border": True}, "not exchanged"),
        ({"lines": ENGRAVED}, "ELEGANT-LAMP was made for this customer"),
        ({"needs_evidence": True}, "must be shown"),
        (CLAIM, "a claim needs an amount"),
        (CLAIM | {"amount": Money(5_001, "CNY")}, "50.00 CNY of the payment is left, 50.01 was asked"),
    ],
)
def test_a_refusal_says_why_in_words(changes: dict[str, Any], words: str) -> None:
    assert words in (refusal(replace(FACTS, **changes)) or "it was not refused")


def test_goods_that_are_not_delivered_yet_have_no_window() -> None:
    assert refusal(replace(FACTS, delivered_at=None, requested_at=SIGNED + timedelta(days=900))) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"lines": ENGRAVED, "fault": "shop"},
        {"kind": ReturnKind.WARRANTY, "requested_at": LONG_AGO},
        {"needs_evidence": True, "evidence": 1},
        CLAIM | {"amount": Money(5_000, "CNY")},
        {"windows": {"*": WEEK, "tableware": Window(days=90)}, "asked": {2: 1}, "requested_at": LONG_AGO},
        {"windows": {}, "requested_at": LONG_AGO},
    ],
    ids=[
        "made for her, and broken by us",
        "a warranty after the window",
        "shown by a photo",
        "goodwill of all that is left",
        "goods with a window of their own",
        "no window on record",
    ],
)
def test_what_may_go_on(changes: dict[str, Any]) -> None:
    assert refusal(replace(FACTS, **changes)) is None


def test_platforms_count_hours_to_the_minute() -> None:
    assert Window(hours=168).ends(SIGNED) == SIGNED + timedelta(days=7)


def test_a_channel_may_have_windows_of_its_own() -> None:
    windows = read_windows({"*": {"*": {"days": 7}}, "tmall": {"*": {"hours": 168}}})

    assert windows_of(windows, "tmall")["*"] == Window(hours=168)
    assert windows_of(windows, "shop")["*"] == WEEK


def test_kinds_that_the_terms_do_not_name_need_a_person() -> None:
    limits = {"automatic": {"exchange": {"CNY": "100.00"}}, "when_silent": "wait"}
    terms = read_terms({"*": {"refund": "at_receipt", "restocking_percent": 0, "freight": {}, **limits}})["*"]

    assert terms.decides(ReturnKind.EXCHANGE, Money(10_000, "CNY"))
    assert not terms.decides(ReturnKind.EXCHANGE, Money(10_001, "CNY"))
    assert not terms.decides(ReturnKind.EXCHANGE, Money(1, "EUR"))
    assert not any(Terms().decides(kind, Money(1, "CNY")) for kind in KINDS)


@pytest.mark.parametrize(("asked", "back", "in_time"), [(30, 45, True), (31, 45, False), (30, 46, False)])
def test_customs_give_the_tax_back_within_their_days(asked: int, back: int, in_time: bool) -> None:
    days = [SIGNED + timedelta(days=number) for number in (asked, back)]

    assert CustomsReturn(30, 45).in_time(SIGNED, *days) == in_time
