"""The contents of parcels are compared with what was picked."""

from typing import Any

import pytest

from domain.parcels import difference, in_words

LAMP, BULB = "ELEGANT-LAMP", "WARM-BULB"


def parcel(**units: int) -> dict[str, Any]:
    lines = [{"sku": sku.replace("_", "-"), "quantity": quantity} for sku, quantity in units.items()]
    return {"weight_grams": 500, "lines": lines}


@pytest.mark.parametrize(
    ("parcels", "words"),
    [
        ([parcel(ELEGANT_LAMP=1, WARM_BULB=4), parcel(ELEGANT_LAMP=1)], ""),
        ([parcel(ELEGANT_LAMP=2)], "WARM-BULB 4 too few"),
        ([parcel(ELEGANT_LAMP=3, WARM_BULB=4, RUG=1)], "ELEGANT-LAMP 1 too many, RUG 1 too many"),
        # Of a parcel that keeps silent nobody knows what is in it.
        ([parcel(ELEGANT_LAMP=2), {"weight_grams": 500}], ""),
        ([], ""),
    ],
)
def test_what_is_packed_adds_up_to_what_was_picked(parcels: list[dict[str, Any]], words: str) -> None:
    assert in_words(difference(parcels, {LAMP: 2, BULB: 4})) == words
