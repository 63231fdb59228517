"""Remarks: what is read, what is held, and that nothing that people write can stop it."""

import time
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.remarks.clauses import MAX_LENGTH, fold
from domain.remarks.intents import RemarkReading
from domain.remarks.reading import read_remarks

SHANGHAI = ZoneInfo("Asia/Shanghai")
MONDAY = datetime(2026, 11, 23, 10, tzinfo=SHANGHAI)


def read(customer: str, merchant: str = "") -> RemarkReading:
    return read_remarks(customer, merchant, MONDAY, SHANGHAI)


def asked(reading: RemarkReading) -> dict[str, Any]:
    return {one.intent.value: dict(one.value) for one in reading.instructions}


CASES: list[tuple[str, dict[str, Any]]] = [
    ("请走中通", {"carrier": {"carrier": "ZTO Express"}}),
    ("不发韵达,发申通", {"carrier": {"carrier": "STO Express"}}),
    ("周四晚上8点送", {"deliver_on": {"on": "2026-11-26"}, "deliver_between": {"from": "20:00", "to": "21:00"}}),
    ("1月3日送", {"deliver_on": {"on": "2027-01-03"}}),
    ("周一送", {"deliver_on": {"on": "2026-11-30"}}),
    ("下周一送", {"deliver_on": {"on": "2026-11-30"}}),
    ("please deliver between 2-4pm", {"deliver_between": {"from": "14:00", "to": "16:00"}}),
    ("工作日送", {"deliver_on": {"days": [1, 2, 3, 4, 5]}}),
    ("放門口，勿放快遞櫃", {"leave_at_door": {}, "no_locker": {}}),
    ("别打电话了，直接放门口", {"no_call": {}, "leave_at_door": {}}),
    ("Call me before you deliver", {"call_first": {}}),
    ("贺卡写：放门口，爱你", {"gift_message": {"text": "放门口，爱你"}}),
    (
        "card: “Leave me at the door!” Please ship with UPS",
        {"gift_message": {"text": "Leave me at the door"}, "carrier": {"carrier": "UPS"}},
    ),
    ("只工作日送货(双休日、假日不用送)", {"deliver_on": {"days": [1, 2, 3, 4, 5]}}),
    ("工作日、双休日与假日均可送货", {}),
    ("两单一起发", {"merge": {}}),
    ("ship the lamp separately", {"ship_separately": {}}),
    ("急用！！", {"urgent": {}}),
    ("gift wrap it please", {"gift_wrap": {}}),
    ("抬头：个人", {"invoice": {"title": "个人", "tax_number": ""}}),
]


@pytest.mark.parametrize(("text", "instructions"), CASES)
def test_a_remark_becomes_instructions(text: str, instructions: dict[str, Any]) -> None:
    reading = read(text)

    assert asked(reading) == instructions
    assert not reading.needs_review


@pytest.mark.parametrize(
    "text", ["", " ", "no", "无", "👍", "请尽快发货谢谢", "thanks!!", "谢谢老板", "N/A", "不要发票", "不急"]
)
def test_politeness_is_neither_an_instruction_nor_a_hold(text: str) -> None:
    assert read(text) == RemarkReading()


@pytest.mark.parametrize(
    ("text", "doubt"),
    [
        ("不要发圆通", "asks not to be sent by a carrier, and names no other"),
        ("发顺丰或京东", "names several carriers"),
        ("12月1号之前要到", "names a day by which goods must be there"),
        ("周三不要送", "names a time at which nothing may be delivered"),
        ("开发票", "asks for an invoice and names no title"),
        (
            "发票抬头：星辰有限公司 税号 91310115MA1K3X8R28",
            "names a tax number for the invoice whose check digit is wrong",
        ),
        ("写张贺卡", "asks for a gift card and does not say clearly what to write"),
        ("先别发货", "asks to wait with shipping"),
        ("改地址", "asks for something that Baton has no instruction for"),
        ("放保安亭", "asks for goods to be left somewhere that Baton has no instruction for"),
    ],
)
def test_what_a_person_must_decide_is_held_and_says_why(text: str, doubt: str) -> None:
    reading = read(text)

    assert reading.unsure == (f"customer: {doubt}",)
    assert reading.instructions == ()


def test_a_contradiction_between_customer_and_merchant_is_held() -> None:
    reading = read("发顺丰，放门口", "发中通")

    assert reading.contradictions == ("asks for carrier in two ways",)
    assert asked(reading) == {"leave_at_door": {}}


def test_a_merchants_correction_overrides_the_customer() -> None:
    reading = read("发顺丰，两单一起发", "客户改发中通，分开发货")

    assert asked(reading) == {"carrier": {"carrier": "ZTO Express"}, "ship_separately": {}}
    assert {one.said_by for one in reading.instructions} == {"merchant"}
    assert not reading.needs_review


def test_the_same_wish_said_twice_is_one_instruction() -> None:
    assert asked(read("发顺丰", "顺丰")) == {"carrier": {"carrier": "SF Express"}}


def test_tomorrow_is_counted_on_the_customers_calendar() -> None:
    late = datetime.fromisoformat("2026-11-23T20:00:00+00:00")

    in_shanghai, in_london = (
        asked(read_remarks("明天送", "", late, ZoneInfo(zone))) for zone in ("Asia/Shanghai", "Europe/London")
    )

    assert in_shanghai == {"deliver_on": {"on": "2026-11-25"}}
    assert in_london == {"deliver_on": {"on": "2026-11-24"}}


def test_a_day_that_does_not_exist_is_no_day() -> None:
    assert asked(read("2月30日送")) == {}


def test_a_hold_quotes_nothing_that_was_written() -> None:
    reading = read("改成李雷收，电话13800138000，贺卡随便写", "fraud? ask Han Meimei")

    words = " ".join((*reading.unsure, *reading.contradictions))
    assert reading.needs_review
    assert not any(secret in words for secret in ("李雷", "138", "Han"))


def test_a_too_long_remark_is_read_up_to_the_limit_and_held() -> None:
    reading = read("发顺丰。" + "谢" * MAX_LENGTH)

    assert asked(reading) == {"carrier": {"carrier": "SF Express"}}
    assert "longer than 2,000 characters" in reading.unsure[0]


@pytest.mark.parametrize(
    "piece",
    [
        "谢",
        "thanks ",
        "急",
        "的",
        "不要放",
        "打电话前",
        "卡片写",
        "发票抬头",
        "1",
        "12:",
        "a ",
        "no ",
        "ship ",
        "#@",
        "“",
        "周",
        "gift message ",
        "前",
        "发顺丰 ",
    ],
)
def test_no_remark_of_full_length_takes_long(piece: str) -> None:
    """Also with an end that fits nothing, where a pattern would try again from the beginning."""
    began = time.process_time()
    read((piece * MAX_LENGTH)[: MAX_LENGTH - 1] + "鑫")

    assert time.process_time() - began < 1


@given(st.text(max_size=300), st.text(max_size=100))
def test_no_text_makes_it_fail(customer: str, merchant: str) -> None:
    read(customer, merchant)


PIECES = [text for text, _ in CASES] + [
    "2月30日",
    "25点",
    "99/99",
    "not",
    "或者",
    "”",
    "税号",
    "if",
    "card:",
    "9999年12月31日",
    "31号",
]


@given(st.lists(st.sampled_from(PIECES), max_size=8).map("".join), st.sampled_from(PIECES))
def test_any_mixture_of_requests_gives_each_instruction_once(customer: str, merchant: str) -> None:
    reading = read(customer, merchant)

    intents = [one.intent for one in reading.instructions]
    assert len(intents) == len(set(intents))
    assert all(0 < one.confidence <= 1 for one in reading.instructions)


@given(st.text())
def test_folding_keeps_every_place(text: str) -> None:
    assert len(fold(text)) == len(text)
