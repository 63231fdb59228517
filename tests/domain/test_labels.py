"""Labels hide what GB/T 41833 wants hidden, and show what a courier needs."""

import pytest
from biip.gs1_messages import GS1Message
from hypothesis import given
from hypothesis import strategies as st

from domain.instructions import Instructions
from domain.labels import WISHES, hide_door, hide_name, hide_phone, masked_receiver, wishes_of
from domain.sscc import sscc


@pytest.mark.parametrize(
    ("name", "masked"), [("林夏", "林*"), ("林", "*"), ("欧阳修远", "欧***"), ("Lin Xia", "L** ***"), ("", "")]
)
def test_of_a_name_one_letter_stays(name: str, masked: str) -> None:
    assert hide_name(name) == masked


@pytest.mark.parametrize(
    ("phone", "masked"),
    [
        ("+8613800138000", "+*********8000"),
        ("13800138000", "*******8000"),
        ("+86 139 5550 7421", "+** *** **** 7421"),
        ("1234567", "******7"),
        ("12345", "*****"),
        ("", ""),
    ],
)
def test_of_a_phone_six_digits_or_more_are_hidden(phone: str, masked: str) -> None:
    assert hide_phone(phone) == masked


@given(st.from_regex(r"\+?[0-9 -]{0,20}", fullmatch=True))
def test_no_phone_shows_more_than_it_may(phone: str) -> None:
    masked = hide_phone(phone)
    digits = sum(letter.isdigit() for letter in phone)
    assert len(masked) == len(phone)
    assert masked.count("*") >= min(6, digits)


@given(st.text(min_size=1, max_size=30))
def test_no_name_stands_there_whole(name: str) -> None:
    assert hide_name(name) != name or not name.strip() or set(name.strip()) == {"*"}


@pytest.mark.parametrize(
    ("line", "masked"),
    [
        ("科技园路1号2栋3单元501室", "科技园路1号2栋***单元***室"),
        ("幸福小区3栋501", "幸福小区3栋***"),
        ("中关村大街27号院3号楼二单元1203室", "中关村大街27号院3号楼***单元***室"),
        ("长江路88弄12号602", "长江路88弄12号***"),
        ("A座1901", "A座***"),
        ("1 Lake Road", "1 Lake Road"),
        ("Apt 5B, 7 Plum Lane", "Apt ***, 7 Plum Lane"),
        ("Unit 12, #05-12 Tower", "Unit ***, #*** Tower"),
    ],
)
def test_unit_and_room_are_hidden_and_the_building_is_not(line: str, masked: str) -> None:
    assert hide_door(line) == masked


def test_a_masked_receiver_gets_a_label() -> None:
    party = masked_receiver({"country": "CN", "province": "广东省"})
    assert (party.name, party.phone, party.region, party.street) == ("", "", "CN 广东省", "")


def test_a_label_prints_instructions_to_the_courier_and_no_free_text() -> None:
    wishes = Instructions(leave_at_door=True, deliver_days=(6, 7), gift_message="for Lin Xia", invoice_title="Lin Ltd")
    assert wishes_of(wishes.to_json()) == ("周六、周日送达 deliver on these days", "放门口 leave at the door")
    assert "gift_message" not in WISHES


@pytest.mark.parametrize(
    ("prefix", "serial", "code"),
    [("9521234", 1, "095212340000000013"), ("9521234", 1_000_000_000, "195212340000000003"), ("123456789012", 7, None)],
)
def test_a_parcel_number_is_one_that_the_trade_reads(prefix: str, serial: int, code: str | None) -> None:
    made = sscc(prefix, serial)
    assert code in (None, made)
    [element] = GS1Message.parse(f"00{made}").element_strings
    assert element.sscc
    assert element.sscc.value == made


@given(st.sets(st.integers(0, 10**10 - 1), min_size=2, max_size=2))
def test_no_two_parcels_have_one_number(serials: set[int]) -> None:
    assert len({sscc("9521234", serial) for serial in serials}) == 2


def test_a_prefix_that_has_no_number_left_says_so() -> None:
    with pytest.raises(ValueError, match="no number"):
        sscc("9521234", 10**10)
