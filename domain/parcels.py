"""What a warehouse says of the parcels that it packed, held against what it picked."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

Parcel = Mapping[str, Any]


def difference(parcels: Sequence[Parcel], picked: Mapping[str, int]) -> dict[str, int]:
    """Units by SKU that the parcels hold more, or below zero less, than were picked.

    Empty when they add up, and when a parcel does not say what is in it.
    """
    if not parcels or not all("lines" in parcel for parcel in parcels):
        return {}
    packed = Counter[str]()
    for parcel in parcels:
        for line in parcel["lines"]:
            packed[line["sku"]] += line["quantity"]
    more = {sku: packed[sku] - picked.get(sku, 0) for sku in sorted({*packed, *picked})}
    return {sku: units for sku, units in more.items() if units}


def in_words(more: Mapping[str, int]) -> str:
    """Such as `TEA-SET 1 too few, RUG 2 too many`; empty for no difference."""
    return ", ".join(f"{sku} {abs(units)} too {'many' if units > 0 else 'few'}" for sku, units in more.items())
