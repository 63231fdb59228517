"""Freight: zones, first and continued weight, and volume that counts as weight."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.freight import chargeable_grams, freight, read_rates, region, zone
from domain.money import Money
from domain.parameters import NotAParameter, read_value

GUANGDONG, ZHEJIANG, TIBET = region("CN", "广东"), region("CN", "浙江省"), region("CN", "西藏自治区")


def a_zone(name: str, to: list[str], first: str, step: str, days: int = 2) -> dict[str, Any]:
    weights = {"first_grams": 1_000, "step_grams": 500}
    return {"name": name, "from": ["CN"], "to": to, "first": first, "step": step, "days": days, **weights}


ZONES = [
    a_zone("same province", ["="], "10.00", "1.00", days=1),
    a_zone("far away", ["CN/西藏自治区"], "25.00", "9.50", days=5),
    a_zone("across the country", ["CN"], "14.00", "3.00"),
]
TOLD = {"SF Express": {"currency": "CNY", "divisor": 6000, "zones": ZONES}}
TABLE = read_rates(TOLD)["SF Express"]


@pytest.mark.parametrize(
    ("to", "grams", "yuan"),
    [
        (GUANGDONG, 300, "10.00"),
        (GUANGDONG, 1_000, "10.00"),
        (GUANGDONG, 1_001, "11.00"),
        (ZHEJIANG, 1_500, "17.00"),
        (ZHEJIANG, 1_501, "20.00"),
        (TIBET, 2_000, "44.00"),
    ],
)
def test_each_begun_step_of_weight_costs_once(to: str, grams: int, yuan: str) -> None:
    assert freight(TABLE, GUANGDONG, to, grams) == Money.parse(yuan, "CNY")


def test_where_there_is_no_zone_there_is_no_price() -> None:
    assert freight(TABLE, GUANGDONG, region("GB", ""), 100) is None
    assert zone(TABLE, "GB", GUANGDONG) is None


def test_a_province_may_be_written_in_any_way() -> None:
    assert region("CN", "广东") == region("CN", "广东省") == "CN/广东省"
    assert region("CN", "") == "CN"


def test_the_same_place_without_a_province_is_the_same_region() -> None:
    found = zone(TABLE, "CN", "CN")
    assert found
    assert found.name == "same province"


@pytest.mark.parametrize(
    ("measures", "divisor", "grams"),
    [((300, 200, 100), 6_000, 1_000), ((300, 200, 101), 6_000, 1_010), (None, 6_000, 900), ((999, 999, 999), 0, 900)],
)
def test_a_large_light_parcel_is_charged_by_volume(
    measures: tuple[int, int, int] | None, divisor: int, grams: int
) -> None:
    assert chargeable_grams(900, measures, divisor) == grams


@given(st.integers(0, 100_000), st.integers(0, 100_000))
def test_a_heavier_parcel_never_costs_less(one: int, other: int) -> None:
    lighter, heavier = (freight(TABLE, GUANGDONG, ZHEJIANG, grams) for grams in sorted((one, other)))
    assert lighter
    assert heavier
    assert lighter <= heavier


@pytest.mark.parametrize(
    "wrong",
    [
        {"currency": "CNY", "divisor": 6000, "zones": []},
        {"currency": "YUAN", "divisor": 6000, "zones": ZONES},
        {"currency": "CNY", "divisor": -1, "zones": ZONES},
        {"currency": "CNY", "divisor": 0, "zones": [{**ZONES[0], "step_grams": 0}]},
        {"currency": "CNY", "divisor": 0, "zones": [{**ZONES[0], "to": "CN"}]},
        {"currency": "CNY", "divisor": 0, "zones": [{**ZONES[0], "first": "-1"}]},
    ],
)
def test_an_invalid_rate_table_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(NotAParameter, match="freight_rates"):
        read_value("freight_rates", {"SF Express": wrong})
