"""What a parcel costs of an order whose money is reserved, and when what is reserved must be renewed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.money import Money
from domain.order import Order
from domain.returns.refunds import paid_by_unit

Bundles = Mapping[str, Mapping[str, int]]
RENEW_BEFORE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Part:
    """Goods that have left or are about to: units by stocked SKU, and what they cost with their share of all else."""

    units: Mapping[str, int]
    value: Money


def value_of(
    order: Order,
    withdrawn: Mapping[int, int],
    bundles: Bundles,
    parts: Sequence[Part],
    units: Mapping[str, int],
    left: Money,
) -> Money:
    """The share of these units in `left`, which is what the order costs and no part has borne yet.

    Discounts and tax are shared out by unit as for a return. The next part bears what no goods cost, such as the
    shipping or what an edit has charged since, and the last what is left, so that all parts add up to what the order
    costs, to the cent. `withdrawn` counts by line number the units that are not wanted any more.
    """
    zero = Money(0, order.currency)
    remaining = _unsent(order, withdrawn, bundles, parts)
    mine, rest = _take(remaining, units), [paid for of_sku in remaining.values() for paid in of_sku]
    if not rest:
        return max(left, zero)
    extra = max(left - Money(sum(mine) + sum(rest), order.currency), zero)
    [share, _] = (left - extra).split([sum(mine), sum(rest)]) if sum(mine) + sum(rest) else [zero, left]
    return max(extra + share, zero)


def owed_without_goods(
    order: Order, withdrawn: Mapping[int, int], bundles: Bundles, parts: Sequence[Part], left: Money
) -> Money:
    """What of `left` the order would still cost if nothing more of it was sent: shipping that no part bears, since the
    parcel that did was lost. Never below zero."""
    unsent = [paid for of_sku in _unsent(order, withdrawn, bundles, parts).values() for paid in of_sku]
    return max(left - Money(sum(unsent), order.currency), Money(0, order.currency))


def renewal(expires_at: datetime | None, now: datetime) -> datetime | None:
    """When to have the gateway reserve anew: a day before it expires, or in the last quarter of a shorter time."""
    return expires_at and expires_at - min(RENEW_BEFORE, (expires_at - now) / 4)


def _unsent(
    order: Order, withdrawn: Mapping[int, int], bundles: Bundles, parts: Sequence[Part]
) -> dict[str, list[int]]:
    """Return as `_paid_by_sku` the units that are in none of the parts."""
    remaining = _paid_by_sku(order, withdrawn, bundles)
    for part in parts:
        _take(remaining, part.units)
    return remaining


def _paid_by_sku(order: Order, withdrawn: Mapping[int, int], bundles: Bundles) -> dict[str, list[int]]:
    """Return by stocked SKU what was paid for each wanted unit, in minor units; a bundle is shared out to its parts."""
    paid: dict[str, list[int]] = {}
    by_unit = paid_by_unit(order)
    for line in order.lines:
        parts = [sku for sku, each in bundles.get(line.sku, {line.sku: 1}).items() for _ in range(each)]
        for amount in by_unit[line.line_no][withdrawn.get(line.line_no, 0) :]:
            for sku, share in zip(parts, amount.split([1] * len(parts)), strict=True):
                paid.setdefault(sku, []).append(max(0, share.minor_units))
    return paid


def _take(remaining: dict[str, list[int]], units: Mapping[str, int]) -> list[int]:
    """Take so many units of each SKU, and return what was paid for them."""
    taken: list[int] = []
    for sku, number in units.items():
        of_sku = remaining.get(sku, [])
        taken += of_sku[:number]
        remaining[sku] = of_sku[number:]
    return taken


def total(parts: Iterable[Part], currency: str) -> Money:
    """What these parts cost together."""
    return sum((part.value for part in parts), Money(0, currency))
