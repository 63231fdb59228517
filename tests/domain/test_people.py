"""Personal data is found however people write it, and nothing else is hidden."""

import pytest

from domain.people import is_number_of, phone_number, redact

LIN = {"name": "Lin Xia", "phone": "+8613800138000", "email": "lin@lake.example", "lines": ["1 Lake Road", "Door 5"]}
OUYANG = {"name": "欧阳晓丹", "phone": "13955507421", "email": "", "lines": ["梅花巷 7 号"]}


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Lin Xia called", "*** called"),
        ("LIN XIA called", "*** called"),
        ("Ms Xia called", "Ms *** called"),
        ("call +8613800138000", "call ***"),
        ("call 138 0013 8000 now", "call *** now"),
        ("call 86-138-0013-8000", "call ***"),
        ("mail Lin@Lake.example", "mail ***"),
        ("sent to 1 lake road, door 5", "sent to ***, ***"),
        ("nobody in line for the lamp", "nobody in line for the lamp"),
        ("waybill 20361380013800077", "waybill 20361380013800077"),
        ("Linden and Xiamen", "Linden and Xiamen"),
    ],
)
def test_a_text_is_left_without_its_receiver(text: str, left: str) -> None:
    assert redact(text, LIN) == left


def test_names_without_spaces_are_found_within_a_sentence() -> None:
    assert redact("请联系欧阳晓丹13955507421送到梅花巷 7 号", OUYANG) == "请联系******送到***"


@pytest.mark.parametrize("receiver", [{}, {"name": "", "phone": "", "email": "", "lines": []}, {"name": "A"}])
def test_without_a_receiver_every_text_stays(receiver: dict[str, object]) -> None:
    assert redact("A lamp is broken", receiver) == "A lamp is broken"


@pytest.mark.parametrize(
    ("written", "country", "number"),
    [
        ("139 5550 7421", "CN", "+8613955507421"),
        ("+86 139-5550-7421", "GB", "+8613955507421"),
        ("020 7946 0018", "GB", "+442079460018"),
        ("no number", "CN", ""),
        ("12345678", "", "12345678"),
    ],
)
def test_a_phone_number_is_one_however_it_is_written(written: str, country: str, number: str) -> None:
    assert phone_number(written, country) == number


@pytest.mark.parametrize(
    ("name", "is_it"),
    [
        ("13800138000", True),
        ("+8613800138000", True),
        ("C-13800138000", False),
        ("13800138001", False),
        ("8000", False),
        ("", False),
    ],
)
def test_a_customer_id_that_is_the_phone_number_is_recognized(name: str, is_it: bool) -> None:
    assert is_number_of(name, "+86 138 0013 8000") is is_it
