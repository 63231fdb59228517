"""Limits, rates and lists that the law, carriers and the shop set: dated rows, each with its source, read by name."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Any

from domain.money import Money, NotMoney
from domain.return_terms import CustomsReturn, Terms, Window, read_customs_return, read_terms, read_windows

ANYWHERE = "*"


class NotAParameter(ValueError):
    """A name that nobody reads, or a value that is not what its name stands for."""


@dataclass(frozen=True, slots=True)
class Carrier:
    """Where a carrier goes (ISO 3166, or `*`) and which classes of dangerous goods it takes."""

    name: str
    countries: frozenset[str]
    refused_provinces: frozenset[str]
    dangerous_goods: frozenset[str]

    def reaches(self, country: str, province: str) -> bool:
        return bool(self.countries & {country, ANYWHERE}) and province not in self.refused_provinces


@dataclass(frozen=True, slots=True)
class Prohibited:
    """What may not go to a country: beginnings of HS codes, and classes of goods."""

    hs_codes: tuple[str, ...]
    classes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Velocity:
    """More than `orders` of one customer within `hours` are looked at."""

    orders: int
    hours: int


@dataclass(frozen=True, slots=True)
class Ordinary:
    """A total above `times` the customer's usual one is looked at, once there are `orders` to tell what is usual."""

    times: int
    orders: int


@dataclass(frozen=True, slots=True)
class Parameters:
    """Those of one moment; None or empty where no row is valid. `version` is the same for the same rows."""

    version: str = ""
    import_order_limit: Money | None = None
    import_year_limit: Money | None = None
    import_tax_percent: int | None = None
    import_split_hours: int = 0
    carriers: tuple[Carrier, ...] = ()
    prohibited: Mapping[str, Prohibited] = field(default_factory=dict)
    remote_areas: frozenset[str] = frozenset()
    buyer_velocity: Velocity | None = None
    ordinary_amount: Ordinary | None = None
    stock_low_at: int = 0
    return_windows: Mapping[str, Mapping[str, Window]] = field(default_factory=dict)
    return_terms: Mapping[str, Terms] = field(default_factory=dict)
    customs_return: CustomsReturn | None = None


@dataclass(frozen=True, slots=True)
class Dated:
    """A row: `value` counts from `valid_from` until `valid_to`, if that is given."""

    parameter_id: int
    name: str
    valid_from: datetime
    valid_to: datetime | None
    value: Any


def valid_at(rows: Iterable[Dated], moment: datetime) -> list[Dated]:
    """One row a name: of those that are valid the one that began last, of these the one that was written last."""
    found: dict[str, Dated] = {}
    for row in sorted(rows, key=lambda row: (row.valid_from, row.parameter_id)):
        if row.valid_from <= moment and (row.valid_to is None or moment < row.valid_to):
            found[row.name] = row
    return list(found.values())


def read_parameters(rows: Iterable[Dated]) -> Parameters:
    """The parameters of these rows, one a name. Raises NotAParameter."""
    rows = list(rows)
    ids = ",".join(str(row.parameter_id) for row in sorted(rows, key=lambda row: row.parameter_id))
    version = blake2b(ids.encode(), digest_size=6).hexdigest()
    return Parameters(version, **{row.name: read_value(row.name, row.value) for row in rows})


def read_value(name: str, value: Any) -> Any:
    """The value as the checks take it. Raises NotAParameter with what is wrong."""
    if name not in READERS:
        raise NotAParameter(f"{name} is no parameter; there are {', '.join(sorted(READERS))}")
    try:
        return READERS[name](value)
    except (NotMoney, KeyError, TypeError, AttributeError, ValueError) as error:
        raise NotAParameter(f"{name}: {type(error).__name__} {error}") from None


def _money(value: Any) -> Money:
    """`{"amount": "5000.00", "currency": "CNY"}`"""
    amount = Money.parse(value["amount"], value["currency"])
    if amount.minor_units < 0:
        raise ValueError("is below zero")
    return amount


def _whole(value: Any, most: int = 1_000_000) -> int:
    if type(value) is not int or not 0 <= value <= most:
        raise ValueError(f"{value!r} is not a whole number from 0 to {most}")
    return value


def _texts(value: Any) -> frozenset[str]:
    if not isinstance(value, list) or not all(isinstance(text, str) and text for text in value):
        raise ValueError(f"{value!r} is not a list of texts")
    return frozenset(value)


def _carriers(value: Any) -> tuple[Carrier, ...]:
    """`{"SF Express": {"countries": ["CN"], "refused_provinces": [], "dangerous_goods": []}}`"""
    parts = ("countries", "refused_provinces", "dangerous_goods")
    return tuple([Carrier(name, *(_texts(carrier[part]) for part in parts)) for name, carrier in value.items()])


def _prohibited(value: Any) -> dict[str, Prohibited]:
    """`{"*": {"hs_codes": ["9301"], "classes": ["weapon"]}, "AU": ...}`"""
    return {
        country: Prohibited(
            tuple(sorted(code.replace(".", "") for code in _texts(goods["hs_codes"]))), _texts(goods["classes"])
        )
        for country, goods in value.items()
    }


READERS: Mapping[str, Callable[[Any], Any]] = {
    "import_order_limit": _money,
    "import_year_limit": _money,
    "import_tax_percent": lambda value: _whole(value, most=100),
    "import_split_hours": _whole,
    "carriers": _carriers,
    "prohibited": _prohibited,
    "remote_areas": _texts,
    "buyer_velocity": lambda value: Velocity(_whole(value["orders"]), _whole(value["hours"], most=720)),
    "ordinary_amount": lambda value: Ordinary(_whole(value["times"]), _whole(value["orders"], most=20)),
    "stock_low_at": _whole,
    "return_windows": read_windows,
    "return_terms": read_terms,
    "customs_return": read_customs_return,
}
