"""Instructions of an order, read from remarks and stored as JSON."""

import json
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from domain.instructions import Instructions, instructions_from
from domain.remarks.intents import Instruction, Intent, RemarkReading
from domain.remarks.reading import read_remarks

SHANGHAI = ZoneInfo("Asia/Shanghai")
EVERYTHING = Instructions(
    carrier="SF Express",
    location="SHANGHAI",
    priority=5,
    merge_window_seconds=600,
    ship_separately=True,
    deliver_on=date(2026, 11, 28),
    deliver_days=(6, 7),
    deliver_between=(time(18), time(22)),
    leave_at_door=True,
    no_locker=True,
    call_first=True,
    no_call=True,
    urgent=True,
    gift_wrap=True,
    gift_message="生日快乐",
    invoice_title="个人",
    invoice_tax_number="91310000MA1FL8XQ30",
)


@pytest.mark.parametrize("instructions", [Instructions(), EVERYTHING, Instructions(urgent=True)])
def test_what_is_stored_is_read_back(instructions: Instructions) -> None:
    stored = json.loads(json.dumps(instructions.to_json()))

    assert Instructions.from_json(stored) == instructions


def test_only_what_is_asked_for_is_stored() -> None:
    assert Instructions().to_json() == {}
    assert Instructions(urgent=True).to_json() == {"urgent": True}
    assert EVERYTHING
    assert not Instructions()


def test_unknown_fields_of_a_newer_version_are_ignored() -> None:
    assert Instructions.from_json({"urgent": True, "by_drone": True}) == Instructions(urgent=True)


def test_remarks_fill_their_fields() -> None:
    placed_at = datetime(2026, 11, 23, 10, tzinfo=SHANGHAI)
    remark = "发顺丰，周六晚上送，礼品包装，放门口，发票抬头：个人，贺卡写“生日快乐”，两单合并发货"

    asked = instructions_from(read_remarks(remark, "", placed_at, SHANGHAI), merge_window_seconds=600)

    assert asked == Instructions(
        carrier="SF Express",
        merge_window_seconds=600,
        deliver_on=date(2026, 11, 28),
        deliver_between=(time(18), time(22)),
        leave_at_door=True,
        gift_wrap=True,
        gift_message="生日快乐",
        invoice_title="个人",
    )


@pytest.mark.parametrize("intent", [intent for intent in Intent if intent.value in Instructions.__dataclass_fields__])
def test_every_wish_without_a_value_has_a_field(intent: Intent) -> None:
    values = {Intent.CARRIER: {"carrier": "EMS"}, Intent.GIFT_MESSAGE: {"text": "hi"}, Intent.DELIVER_ON: {"days": [6]}}
    values[Intent.DELIVER_BETWEEN] = {"from": "08:00", "to": "12:00"}
    reading = RemarkReading((Instruction(intent, values.get(intent, {}), 1.0, "rule", "customer"),))

    assert instructions_from(reading)
