"""Compares the contents of parcels that a warehouse reports with what it picked."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

Parcel = Mapping[str, Any]


def difference(parcels: Sequence[Parcel], picked: Mapping[str, int]) -> dict[str, int]:
    """Units by SKU packed beyond what was picked; below zero: too few.

    Empty if they agree, or if any parcel does not list its contents.
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
    """For people: `TEA-SET 1 too few, RUG 2 too many`; empty if there is no difference."""
    return ", ".join(f"{sku} {abs(units)} too {'many' if units > 0 else 'few'}" for sku, units in more.items())
