"""Bundles: products that are sold as one and stored as their parts."""

from collections.abc import Mapping

Parts = Mapping[str, int]
"""Units of each part, by SKU, that one bundle needs."""


def explode(units: Mapping[str, int], bundles: Mapping[str, Parts]) -> dict[str, int]:
    """Units by stored SKU: bundles are replaced by their parts, and parts of several bundles are added up."""
    needed: dict[str, int] = {}
    for sku, wanted in units.items():
        for part, each in bundles.get(sku, {sku: 1}).items():
            needed[part] = needed.get(part, 0) + wanted * each
    return needed


def whole(parts: Parts, units: Mapping[str, int]) -> int:
    """How many whole bundles these units by SKU make: the scarcest part decides."""
    return min(max(0, units.get(part, 0)) // each for part, each in parts.items())
