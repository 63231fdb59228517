"""Parameters: limits, rates and lists set by the law, carriers and the shop, as dated rows that are read by name."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Any

from domain.calendars import Calendar
from domain.contents.templates import Texts, read_texts
from domain.freight import RateTable, read_rates
from domain.money import Money, NotMoney
from domain.parcel_problems import read_remedies
from domain.payment_terms import Table, read_payment_terms
from domain.presale import PresaleTerms, read_presale
from domain.promises import Levels, Margin, read_calendars, read_levels, read_margin
from domain.refund_order import read_refund_order
from domain.returns.terms import (
    CustomsReturn,
    Terms,
    Window,
    read_customs_return,
    read_points_value,
    read_terms,
    read_windows,
)
from domain.sourcing.policies import Chain, read_chains
from domain.sourcing.weights import Weights, read_weights
from domain.tenders import TenderKind

ANYWHERE = "*"
BY_TMS = "tms"
"""How a carrier is booked that has no format of its own here."""


class NotAParameter(ValueError):
    """An unknown name, or a value that does not fit its name."""


@dataclass(frozen=True, slots=True)
class Carrier:
    """Where a carrier delivers (ISO 3166, or `*`), which classes of dangerous goods it takes, and for which channels.

    `max_grams` is the limit for one parcel; 0 is none. `by` says how it is booked: `tms`, or the name of a file in
    integrations/carriers.
    """

    name: str
    countries: frozenset[str]
    refused_provinces: frozenset[str]
    dangerous_goods: frozenset[str]
    channels: frozenset[str] = frozenset({ANYWHERE})
    max_grams: int = 0
    by: str = BY_TMS

    def reaches(self, country: str, province: str) -> bool:
        return bool(self.countries & {country, ANYWHERE}) and province not in self.refused_provinces


@dataclass(frozen=True, slots=True)
class Prohibited:
    """Goods that may not be sent to a country, by prefixes of HS codes and by class."""

    hs_codes: tuple[str, ...]
    classes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Velocity:
    """More than `orders` of one customer within `hours` are held for review."""

    orders: int
    hours: int


@dataclass(frozen=True, slots=True)
class Ordinary:
    """A total above `times` the customer's usual one is held for review, once there are `orders` to compare with."""

    times: int
    orders: int


@dataclass(frozen=True, slots=True)
class Parameters:
    """All parameters of one moment; None or empty if no row is valid. `version` is the same for the same rows."""

    version: str = ""
    import_order_limit: Money | None = None
    import_year_limit: Money | None = None
    import_tax_percent: int | None = None
    import_split_hours: int = 0
    carriers: tuple[Carrier, ...] = ()
    freight_rates: Mapping[str, RateTable] = field(default_factory=dict)
    """By the name of the carrier."""
    prohibited: Mapping[str, Prohibited] = field(default_factory=dict)
    remote_areas: frozenset[str] = frozenset()
    buyer_velocity: Velocity | None = None
    ordinary_amount: Ordinary | None = None
    stock_low_at: int = 0
    sourcing_weights: Weights | None = None
    sourcing_policies: Mapping[str, Chain] = field(default_factory=dict)
    """By channel, `*` for all others."""
    ship_hours: Levels = field(default_factory=dict)
    ship_calendars: Mapping[str, Calendar | None] = field(default_factory=dict)
    delivery_days: Levels = field(default_factory=dict)
    deadline_margin: Margin = field(default_factory=Margin)
    parcel_attempts: int = 0
    parcel_silent_days: int = 0
    parcel_lost: Mapping[str, str] = field(default_factory=dict)
    parcel_refused: Mapping[str, str] = field(default_factory=dict)
    signature_above: Money | None = None
    return_windows: Mapping[str, Mapping[str, Window]] = field(default_factory=dict)
    return_terms: Mapping[str, Terms] = field(default_factory=dict)
    customs_return: CustomsReturn | None = None
    points_value: Mapping[str, int] = field(default_factory=dict)
    """The value of a hundred points in minor units, by currency."""
    edit_limit: Mapping[str, int] = field(default_factory=dict)
    """By currency: an edit that changes a total by more minor units needs a right of its own."""
    payment_terms: Table = field(default_factory=dict)
    presale: Mapping[str, PresaleTerms] = field(default_factory=dict)
    """By channel: what becomes of the deposit and the stock of an order whose balance is due."""
    refund_order: Mapping[str, tuple[TenderKind, ...]] = field(default_factory=dict)
    """By channel: which kinds of tenders are paid back first."""
    credit_limit: Mapping[str, int] = field(default_factory=dict)
    """By currency: a store credit of more minor units needs a right of its own."""
    message_texts: Texts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Dated:
    """A row: `value` applies from `valid_from` until `valid_to` (exclusive; None: for good)."""

    parameter_id: int
    name: str
    valid_from: datetime
    valid_to: datetime | None
    value: Any


def valid_at(rows: Iterable[Dated], moment: datetime) -> list[Dated]:
    """One row for each name: of the valid ones the one that starts last, and of these the one written last."""
    found: dict[str, Dated] = {}
    for row in sorted(rows, key=lambda row: (row.valid_from, row.parameter_id)):
        if row.valid_from <= moment and (row.valid_to is None or moment < row.valid_to):
            found[row.name] = row
    return list(found.values())


def read_parameters(rows: Iterable[Dated]) -> Parameters:
    """The parameters of these rows, at most one row for each name. Raises NotAParameter."""
    rows = list(rows)
    ids = ",".join(str(row.parameter_id) for row in sorted(rows, key=lambda row: row.parameter_id))
    version = blake2b(ids.encode(), digest_size=6).hexdigest()
    return Parameters(version, **{row.name: read_value(row.name, row.value) for row in rows})


def read_value(name: str, value: Any) -> Any:
    """Parse the value of a row. Raises NotAParameter, which says what is wrong."""
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


def _limits(value: Any) -> dict[str, int]:
    """`{"CNY": "500.00"}`: minor units by currency."""
    return {code: _money({"amount": most, "currency": code}).minor_units for code, most in value.items()}


def _whole(value: Any, most: int = 1_000_000) -> int:
    if type(value) is not int or not 0 <= value <= most:
        raise ValueError(f"{value!r} is not a whole number from 0 to {most}")
    return value


def _texts(value: Any) -> frozenset[str]:
    if not isinstance(value, list) or not all(isinstance(text, str) and text for text in value):
        raise ValueError(f"{value!r} is not a list of texts")
    return frozenset(value)


def _carriers(value: Any) -> tuple[Carrier, ...]:
    """`{"SF Express": {"countries": ["CN"], "refused_provinces": [], "dangerous_goods": []}}`, and
    optionally `channels`, `max_grams` and `by`."""
    return tuple(
        Carrier(
            name,
            _texts(carrier["countries"]),
            _texts(carrier["refused_provinces"]),
            _texts(carrier["dangerous_goods"]),
            _texts(carrier.get("channels", [ANYWHERE])),
            _whole(carrier.get("max_grams", 0)),
            _word(carrier.get("by", BY_TMS)),
        )
        for name, carrier in value.items()
    )


def _word(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"{value!r} is not a word")
    return value


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
    "freight_rates": read_rates,
    "prohibited": _prohibited,
    "remote_areas": _texts,
    "buyer_velocity": lambda value: Velocity(_whole(value["orders"]), _whole(value["hours"], most=720)),
    "ordinary_amount": lambda value: Ordinary(_whole(value["times"]), _whole(value["orders"], most=20)),
    "stock_low_at": _whole,
    "sourcing_weights": read_weights,
    "sourcing_policies": read_chains,
    "ship_hours": read_levels,
    "ship_calendars": read_calendars,
    "delivery_days": read_levels,
    "deadline_margin": read_margin,
    "parcel_attempts": lambda value: _whole(value, most=20),
    "parcel_silent_days": lambda value: _whole(value, most=365),
    "parcel_lost": read_remedies,
    "parcel_refused": read_remedies,
    "signature_above": _money,
    "return_windows": read_windows,
    "return_terms": read_terms,
    "customs_return": read_customs_return,
    "points_value": read_points_value,
    "edit_limit": _limits,
    "payment_terms": read_payment_terms,
    "refund_order": read_refund_order,
    "presale": read_presale,
    "credit_limit": _limits,
    "message_texts": read_texts,
}
