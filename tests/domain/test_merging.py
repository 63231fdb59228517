"""Which orders may share a parcel: the same buyer, address, phone and service, and nothing that forbids it."""

from dataclasses import replace

import pytest

from domain.merging import ON_DELIVERY, Parcel, merge_key, why_alone
from domain.order import Address

HOME = Address("CN", "Lin Xia", "+86 138 0013 8000", "", "广东", "深圳", "南山", "518000", ("1 Lake Road",))
PARCEL = Parcel("shop", "C-1", HOME, "", "alipay", "CN")


def at(**changes: str | tuple[str, ...]) -> Parcel:
    return replace(PARCEL, ship_to=replace(HOME, **changes))  # type: ignore[arg-type]


def test_spaces_and_case_of_an_address_do_not_matter() -> None:
    assert merge_key(at(lines=("1  lake ROAD",), phone="+8613800138000")) == merge_key(PARCEL)


@pytest.mark.parametrize(
    "other",
    [
        at(lines=("2 Lake Road",)),
        at(phone="+8613800138001"),
        at(city="广州"),
        replace(PARCEL, customer_id="C-2"),
        replace(PARCEL, group="outlet"),
        replace(PARCEL, service="cold chain"),
    ],
    ids=["street", "phone", "city", "buyer", "shop group", "service"],
)
def test_orders_that_differ_in_anything_are_not_merged(other: Parcel) -> None:
    assert merge_key(other) != merge_key(PARCEL)


def test_a_masked_receiver_is_known_by_the_token_of_the_channel() -> None:
    masked = at(receiver_token="OAID-1", lines=("1 L*** Road",), phone="138****8000")

    assert merge_key(masked) == merge_key(at(receiver_token="OAID-1", lines=("***",), phone="*"))
    assert merge_key(masked) != merge_key(at(receiver_token="OAID-2", lines=("1 L*** Road",), phone="138****8000"))


def test_an_ordinary_parcel_may_be_merged() -> None:
    assert why_alone(PARCEL) == ""


@pytest.mark.parametrize(
    ("parcel", "word"),
    [
        (replace(PARCEL, payment_method=ON_DELIVERY), "delivery"),
        (replace(PARCEL, from_country="JP"), "border"),
        (replace(PARCEL, imported=True), "import"),
        (replace(PARCEL, held=True), "held"),
        (replace(PARCEL, return_open=True), "return"),
        (replace(PARCEL, ship_alone=True), "itself"),
    ],
)
def test_the_reason_against_merging_is_given(parcel: Parcel, word: str) -> None:
    assert word in why_alone(parcel)
