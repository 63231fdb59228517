"""The effect of each kind of movement on the counters of a SKU at a location, and the order in which rows are
locked."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from domain.errors import Refusal

COUNTERS = ("on_hand", "in_transit", "reserved", "allocated", "buffer", "quarantined")

# A movement and its reverse are kinds of their own, so the ledger reads like what happened. Only `adjusted` and
# `quarantined`, which have no counterpart, may be negative, and `transferred`, which is written once at each of two
# places.
EFFECT: Mapping[str, Mapping[str, int]] = {
    "received": {"on_hand": +1},
    "reserved": {"reserved": +1},
    "released": {"reserved": -1},
    "allocated": {"allocated": +1},
    "deallocated": {"allocated": -1},
    "shipped": {"on_hand": -1, "allocated": -1},
    "returned": {"on_hand": +1},
    "quarantined": {"quarantined": +1},
    "adjusted": {"on_hand": +1},
    "transferred": {"on_hand": +1},
    "expected": {"in_transit": +1},
    "called_off": {"in_transit": -1},
    "arrived": {"in_transit": -1},
}

COMING = ("received", "returned", "expected", "adjusted", "transferred")
"""Kinds that may be the first movement of a SKU at a location."""


class OutOfStock(Refusal):
    """A counter would fall below zero or below what is promised: another order was faster."""


@dataclass(frozen=True, slots=True)
class Movement:
    """`quantity` units of a SKU at a location; `kind` is a key of EFFECT."""

    kind: str
    sku: str
    location_id: str
    quantity: int


Place = tuple[str, str]
"""A row of stock: (sku, location_id)."""


def changes(movements: Iterable[Movement]) -> dict[Place, dict[str, int]]:
    """The change of each counter by stock row, sorted in the order in which every transaction locks rows."""
    sums: dict[Place, Counter[str]] = {}
    for movement in movements:
        change = sums.setdefault((movement.sku, movement.location_id), Counter())
        for counter, sign in EFFECT[movement.kind].items():
            change[counter] += sign * movement.quantity
    return {place: dict(sums[place]) for place in sorted(sums)}
