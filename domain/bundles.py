"""Bundles: goods that are sold as one and lie in stock as their parts."""

from collections.abc import Mapping

Parts = Mapping[str, int]
"""Units of each part, by SKU, that one bundle needs."""


def explode(units: Mapping[str, int], bundles: Mapping[str, Parts]) -> dict[str, int]:
    """Units by SKU as they lie in stock: a bundle becomes its parts, what two bundles share is summed."""
    needed: dict[str, int] = {}
    for sku, wanted in units.items():
        for part, each in bundles.get(sku, {sku: 1}).items():
            needed[part] = needed.get(part, 0) + wanted * each
    return needed


def whole(parts: Parts, units: Mapping[str, int]) -> int:
    """How many whole bundles can be made of these units by SKU: the scarcest part decides."""
    return min(max(0, units.get(part, 0)) // each for part, each in parts.items())
