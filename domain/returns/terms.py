"""The terms of returns, as dated parameters set them: return windows, approval, time of the refund, and fees."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from domain.money import Money
from domain.returns.exchange import ExchangeTerms, read_exchange
from domain.returns.kinds import RefundTo, ReturnKind

# Consumer protection act art. 25: the days are counted in the customer's time.
LEGAL_ZONE = ZoneInfo("Asia/Shanghai")
ANY = "*"
Value = TypeVar("Value")


class RefundWhen(StrEnum):
    AT_APPROVAL = "at_approval"
    AT_RECEIPT = "at_receipt"
    AFTER_INSPECTION = "after_inspection"


class PointsSpent(StrEnum):
    """What happens to points of a returned sale that were already spent: the balance becomes negative, or their value
    is
    deducted from the refund."""

    NEGATIVE = "negative"
    DEDUCT = "deduct"


@dataclass(frozen=True, slots=True)
class Window:
    """How long goods may be returned: whole days after the day of delivery, or hours from its minute."""

    days: int = 0
    hours: int = 0

    def ends(self, signed_at: datetime) -> datetime:
        """The end of the window (exclusive).

        Source: interim measures on seven-day returns (2017): days count from the day after the delivery, in China's
        time. Some platforms count 168 hours instead.
        """
        if self.hours:
            return signed_at + timedelta(hours=self.hours)
        signing_day = signed_at.astimezone(LEGAL_ZONE).date()
        return datetime.combine(signing_day + timedelta(days=self.days + 1), time(), LEGAL_ZONE)

    @property
    def words(self) -> str:
        return f"{self.hours} hours after the signing" if self.hours else f"{self.days} days after the day of signing"


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of one channel. `automatic` gives, by kind and currency, the highest value that is approved without a
    person.

    `when_silent` says what happens to a case that nobody decides in time: approve or wait. `restocking_percent` and
    `freight` (minor units by currency) are kept if the customer is the reason of the return. `refund_to` is the default
    for requests that do not say.
    """

    refund: RefundWhen = RefundWhen.AFTER_INSPECTION
    automatic: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    when_silent: str = "wait"
    restocking_percent: int = 0
    freight: Mapping[str, int] = field(default_factory=dict)
    refund_to: RefundTo = RefundTo.ORIGINAL
    points: PointsSpent = PointsSpent.NEGATIVE
    exchange: ExchangeTerms = field(default=ExchangeTerms())

    def decides(self, kind: ReturnKind, value: Money) -> bool:
        """True if a case of this value is approved without a person."""
        most = self.automatic.get(kind, {}).get(value.currency)
        return most is not None and value.minor_units <= most

    def fees(self, value: Money) -> dict[str, int]:
        """Fees by name in minor units; together never more than the value."""
        restocking = value.minor_units * self.restocking_percent // 100
        freight = min(self.freight.get(value.currency, 0), value.minor_units - restocking)
        return {name: fee for name, fee in (("restocking", restocking), ("freight", freight)) if fee > 0}


@dataclass(frozen=True, slots=True)
class CustomsReturn:
    """Deadlines for goods that crossed the border, in days after their release: if the return was requested within
    `apply_days` and the goods are back within `back_days`, no tax is collected.

    Source: General Administration of Customs, announcement 45 of 2020.
    """

    apply_days: int
    back_days: int

    def in_time(self, released_at: datetime, asked_at: datetime, back_at: datetime) -> bool:
        apply_by = released_at + timedelta(days=self.apply_days)
        back_by = released_at + timedelta(days=self.back_days)
        return asked_at <= apply_by and back_at <= back_by


def of_channel(values: Mapping[str, Value], channel: str) -> Value | None:
    """The channel's own value, or the one for all channels."""
    return values.get(channel, values.get(ANY))


def read_windows(value: Any) -> dict[str, dict[str, Window]]:
    """`{"*": {"*": {"days": 7}, "jewelry": {"hours": 168}}}`: by channel, then by goods class."""
    return {channel: {goods: _window(one) for goods, one in of.items()} for channel, of in value.items()}


def read_terms(value: Any) -> dict[str, Terms]:
    """By channel. Amounts are decimal strings by currency; kinds that `automatic` does not list need a person."""
    return {channel: _terms(one) for channel, one in value.items()}


def read_customs_return(value: Any) -> CustomsReturn:
    """`{"apply_days": 30, "back_days": 45}`"""
    return CustomsReturn(_most(value["apply_days"], 365), _most(value["back_days"], 365))


def read_points_value(value: Any) -> dict[str, int]:
    """`{"CNY": "1.00"}`: the value of a hundred points; returns minor units by currency."""
    worth = _amounts(value)
    if any(minor < 0 for minor in worth.values()):
        raise ValueError("is below zero")
    return worth


def _window(value: Any) -> Window:
    return Window(**{unit: _most(number, 8_760) for unit, number in value.items()})


def _terms(value: Any) -> Terms:
    if value["when_silent"] not in ("approve", "wait"):
        raise ValueError("when_silent is approve or wait")
    return Terms(
        RefundWhen(value["refund"]),
        {ReturnKind(kind).value: _amounts(limits) for kind, limits in value["automatic"].items()},
        value["when_silent"],
        _most(value["restocking_percent"], 100),
        _amounts(value["freight"]),
        RefundTo(value.get("refund_to", RefundTo.ORIGINAL)),
        PointsSpent(value.get("points", PointsSpent.NEGATIVE)),
        read_exchange(value.get("exchange", {})),
    )


def _amounts(value: Any) -> dict[str, int]:
    return {currency: Money.parse(amount, currency).minor_units for currency, amount in value.items()}


def _most(number: Any, most: int) -> int:
    if type(number) is not int or not 0 <= number <= most:
        raise ValueError(f"{number!r} is not a whole number from 0 to {most}")
    return number
