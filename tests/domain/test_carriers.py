"""The choice of a carrier: eligibility, ranking and reasons."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.carriers import Box, Consignment, Offer, rank
from domain.freight import read_rates
from domain.parameters import Carrier, read_value

GUANGDONG, SICHUAN = ("CN", "广东省"), ("CN", "四川省")


def carrier(name: str, **changes: Any) -> Carrier:
    told = {"countries": ["CN"], "refused_provinces": [], "dangerous_goods": [], **changes}
    [read] = read_value("carriers", {name: told})
    return read  # type: ignore[no-any-return]


def rates(first: str, step: str, days: int, divisor: int = 6_000) -> dict[str, Any]:
    weights = {"first_grams": 1_000, "step_grams": 1_000}
    zone = {"name": "China", "from": ["CN"], "to": ["CN"], "first": first, "step": step, "days": days, **weights}
    return {"currency": "CNY", "divisor": divisor, "zones": [zone]}


FAST = carrier("Fast", channels=["shop"], dangerous_goods=["lithium_battery"])
CHEAP = carrier("Cheap", refused_provinces=["西藏自治区"], max_grams=5_000, dangerous_goods=["lithium_battery"])
LIGHT = carrier("Light", max_grams=2_000)
CARRIERS = (FAST, CHEAP, LIGHT)
RATES = read_rates(
    {"Fast": rates("20.00", "9.00", 1), "Cheap": rates("10.00", "4.00", 5), "Light": rates("8.00", "9.00", 3)}
)
PARCEL = Consignment(GUANGDONG, SICHUAN, (Box(900),), channels=frozenset({"shop"}))


def ranked(**changes: Any) -> list[Offer]:
    return rank(CARRIERS, RATES, replace(PARCEL, **changes))


def names(offers: list[Offer]) -> list[str]:
    return [offer.carrier for offer in offers if offer.eligible]


def why(offers: list[Offer], name: str) -> str:
    return next(offer.why for offer in offers if offer.carrier == name)


def test_the_cheapest_is_first_and_says_what_it_costs() -> None:
    assert names(ranked()) == ["Light", "Cheap", "Fast"]
    assert why(ranked(), "Light") == "8.00 CNY in the zone China, 3 days"


@pytest.mark.parametrize(
    ("changes", "first", "words"),
    [
        ({"wish": "Fast"}, "Fast", "asked for"),
        ({"within_days": 2}, "Fast", "1 days"),
        ({"urgent": True}, "Fast", "1 days"),
        ({"boxes": (Box(900), Box(1_900))}, "Cheap", "24.00 CNY"),
        ({"boxes": (Box(900, (300, 300, 200)),)}, "Cheap", "18.00 CNY"),
    ],
    ids=["a wish", "a promise", "haste", "two parcels", "a large and light one"],
)
def test_the_requested_carrier_is_first(changes: dict[str, Any], first: str, words: str) -> None:
    offers = ranked(**changes)
    assert names(offers)[0] == first
    assert words in why(offers, first)


@pytest.mark.parametrize(
    ("changes", "out", "words"),
    [
        ({"destination": ("CN", "西藏自治区")}, "Cheap", "does not go to CN/西藏自治区"),
        ({"destination": ("GB", "")}, "Fast", "does not go to GB"),
        ({"dangerous": frozenset({"lithium_battery"})}, "Light", "does not take goods of the class lithium_battery"),
        ({"boxes": (Box(2_001),)}, "Light", "takes 2000 g at most, and a parcel weighs 2001 g"),
        ({"channels": frozenset({"mall", "shop"})}, "Fast", "is not used for mall"),
        ({"origin": ("GB", "")}, "Cheap", "has no rate from GB to CN/四川省"),
        ({"collected_by": frozenset({"Fast"})}, "Cheap", "does not collect money from customers"),
    ],
    ids=["province", "country", "class of goods", "weight", "channel", "no price", "cash"],
)
def test_an_ineligible_carrier_has_a_reason(changes: dict[str, Any], out: str, words: str) -> None:
    offers = ranked(**changes)
    assert out not in names(offers)
    assert why(offers, out) == words


def test_a_requested_carrier_must_still_be_eligible() -> None:
    assert names(ranked(wish="Light", boxes=(Box(3_000),))) == ["Cheap", "Fast"]


def test_the_least_late_carrier_is_first_if_none_is_in_time() -> None:
    offers = ranked(within_days=0)
    assert names(offers) == ["Fast", "Light", "Cheap"]
    assert why(offers, "Cheap").endswith("5 days late")


def test_a_carrier_without_rates_comes_last() -> None:
    assert names(rank(CARRIERS, {"Fast": RATES["Fast"]}, PARCEL)) == ["Fast", "Cheap", "Light"]


@given(st.permutations(CARRIERS), st.booleans(), st.integers(0, 6_000), st.none() | st.integers(0, 6))
def test_every_carrier_is_ranked_once_whatever_the_sequence(
    carriers: list[Carrier], urgent: bool, grams: int, days: int | None
) -> None:
    wanted = replace(PARCEL, urgent=urgent, boxes=(Box(grams),), within_days=days)
    offers = rank(carriers, RATES, wanted)
    assert offers == rank(CARRIERS, RATES, wanted)
    assert sorted(offer.carrier for offer in offers) == ["Cheap", "Fast", "Light"]
    assert [offer.eligible for offer in offers] == sorted((offer.eligible for offer in offers), reverse=True)
