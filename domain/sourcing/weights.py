"""The weights of the sourcing objective, in minor units of one currency: the parameter `sourcing_weights`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

TERMS = ("freight", "split", "lead_time", "late", "load", "processing")


@dataclass(frozen=True, slots=True)
class Handling:
    """Handling cost at a kind of location: for each order, and for each unit picked."""

    order: int
    unit: int


@dataclass(frozen=True, slots=True)
class Weights:
    """Prices for what has no price, and `percent` by term: 100 counts the term in full, 0 ignores it.

    `split` is the price of each parcel after the first, `hour` of an hour until the last parcel is there, `late_hour`
    of an hour beyond `promise_hours` with `caution` standard deviations of the lead time added, and `load` of an order
    at a location whose day is full. A split that may be worse than the best by `exact_above` is solved exactly, for at
    most `exact_milliseconds`. What is allocated and not yet released is moved if that saves `reconsider_above`.
    """

    currency: str = "CNY"
    split: int = 500
    hour: int = 8
    late_hour: int = 40
    load: int = 300
    promise_hours: int = 72
    caution: float = 1.0
    processing: Mapping[str, Handling] = field(default_factory=dict)
    percent: Mapping[str, int] = field(default_factory=dict)
    exact_above: int = 300
    exact_milliseconds: int = 50
    reconsider_above: int = 500

    def share(self, term: str) -> float:
        return self.percent.get(term, 100) / 100


def read_weights(value: Any) -> Weights:
    """Read the parameter; an absent name has its default. Raises ValueError, TypeError or KeyError."""
    known = dict(value)
    percent = {term: _number(share, 0, 1_000) for term, share in known.pop("percent", {}).items()}
    if unknown := set(percent) - set(TERMS):
        raise ValueError(f"there is no term {', '.join(sorted(unknown))}; there are {', '.join(TERMS)}")
    handling = {
        kind: Handling(_number(one["order"], 0, 10**6), _number(one["unit"], 0, 10**6))
        for kind, one in known.pop("processing", {}).items()
    }
    currency = str(known.pop("currency", "CNY"))
    numbers = {name: _number(number, 0, 10**6) for name, number in known.items()}
    return Weights(currency, processing=handling, percent=percent, **numbers)


def _number(value: Any, least: int, most: int) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise ValueError(f"{value!r} is not a number from {least} to {most}")
    return value
