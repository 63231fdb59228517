"""Single values of a payload: each function reads one text or raises BadValue with the reason."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from domain.money import Money, NotMoney, minor_digits

FIRST, LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
MAX_QUANTITY = 100_000
MAX_MINOR_UNITS = 10**15
NEVER = ("0000-", "0001-", "1970-01-01")
FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False, "": False}
CONTROLS = re.compile(r"[\x00-\x1f\x7f]+")
CONTROLS_IN_PROSE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]+")
DECIMAL = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,2})?", re.ASCII)
INTEGER = re.compile(r"-?[0-9]{1,18}", re.ASCII)


class BadValue(ValueError):
    """Why a value is wrong, without quoting it: it may name a person."""


def scalar(value: Any) -> str:
    """The text of a single value, empty for null. Numbers and flags may come bare or as text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str | int | float | Decimal):
        raise BadValue("is not a single value")
    try:
        text = str(value).strip()
        text.encode()
    except ValueError:
        raise BadValue("is not Unicode text or a number of sane length") from None
    return text


def line_of_text(text: str) -> str:
    return CONTROLS.sub(" ", text).strip()


def prose(text: str) -> str:
    return CONTROLS_IN_PROSE.sub(" ", text).strip()


def flag(text: str) -> bool:
    if (value := FLAGS.get(text.lower())) is None:
        raise BadValue("is neither true nor false")
    return value


def whole(text: str) -> int:
    """A whole number of at least 0, 0 when empty; some platforms write `2.0`."""
    digits = text.removesuffix(".0")
    if digits and (not INTEGER.fullmatch(digits) or digits.startswith("-")):
        raise BadValue("is not a whole number")
    return int(digits or 0)


def quantity(text: str) -> int:
    if not 1 <= (number := whole(text)) <= MAX_QUANTITY:
        raise BadValue(f"is not between 1 and {MAX_QUANTITY}")
    return number


def currency(text: str) -> str:
    try:
        minor_digits(text.upper())
    except NotMoney:
        raise BadValue("is not an ISO 4217 code") from None
    return text.upper()


def major(text: str, code: str, signed: bool) -> Money:
    """A decimal amount in major units. Float noise below a thousandth of the smallest unit is dropped."""
    if not DECIMAL.fullmatch(text or "0"):
        raise BadValue("is not a decimal amount")
    exact = Decimal(text or "0").scaleb(minor_digits(code))
    units = round(exact)
    if abs(exact - units) > Decimal("0.001"):
        raise BadValue(f"is finer than the smallest unit of {code}")
    return _bounded(Money(units, code), signed)


def minor(text: str, code: str, signed: bool) -> Money:
    """An amount in whole smallest units: fen, cents."""
    units = text.removesuffix(".0") or "0"
    if not INTEGER.fullmatch(units):
        raise BadValue("is not an amount in whole smallest units")
    return _bounded(Money(int(units), code), signed)


def time(text: str, zone: str) -> datetime | None:
    """RFC 3339, or a local time in `zone`. None if empty or one of the ancient dates that mean «not yet»."""
    if not text or text.startswith(NEVER):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadValue("is not a time") from None
    if moment.tzinfo is None:
        if not zone:
            raise BadValue("has no time zone")
        moment = moment.replace(tzinfo=ZoneInfo(zone))
    return _in_range(moment)


def seconds(text: str) -> datetime | None:
    """Unix seconds; 0 is None."""
    if (number := whole(text)) > LAST.timestamp():
        raise BadValue("is not in unix seconds")
    return _in_range(datetime.fromtimestamp(number, UTC)) if number else None


def _bounded(amount: Money, signed: bool) -> Money:
    if amount.minor_units < 0 and not signed:
        raise BadValue("is below zero")
    if abs(amount.minor_units) >= MAX_MINOR_UNITS:
        raise BadValue("is too large an amount")
    return amount


def _in_range(moment: datetime) -> datetime:
    if not 1999 <= moment.year <= 2100 or not FIRST <= moment < LAST:
        raise BadValue("is not between the years 2000 and 2100")
    return moment
