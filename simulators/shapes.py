"""Checks of request bodies against a shape, which is written like an example.

`str` is a text that is not empty, `int` a whole number above zero, `[x]` a list of at least one x, a name that ends in
`?` is optional, and a function is a custom check that returns None or what the value must be.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from simulators.problems import Problem

Shape = Any
Check = Callable[[Any], str | None]

AMOUNT = re.compile(r"\d{1,15}(\.\d{1,4})?")
CURRENCY = re.compile(r"[A-Z]{3}")


def check(value: Any, shape: Shape, at: str = "") -> None:
    """Check a value against a shape. Raises Problem(422) that names the first wrong field."""
    if isinstance(shape, dict):
        _check_object(value, shape, at)
    elif isinstance(shape, list):
        _require(isinstance(value, list) and len(value) > 0, at, "a list that is not empty")
        for index, item in enumerate(value):
            check(item, shape[0], f"{at}[{index}]")
    elif shape is str:
        _require(isinstance(value, str) and value != "", at, "a text that is not empty")
    elif shape is int:
        _require(type(value) is int and value > 0, at, "a whole number above zero")
    else:
        wanted = shape(value)
        _require(wanted is None, at, wanted)


def optional_text(value: Any) -> str | None:
    return None if isinstance(value, str) else "a text"


def any_number(value: Any) -> str | None:
    return None if type(value) is int else "a whole number"


def amount(value: Any) -> str | None:
    return None if isinstance(value, str) and AMOUNT.fullmatch(value) else "a decimal string such as 25.90"


def currency(value: Any) -> str | None:
    return None if isinstance(value, str) and CURRENCY.fullmatch(value) else "an ISO 4217 currency such as CNY"


def a_list(value: Any) -> str | None:
    return None if isinstance(value, list) else "a list"


def some_of(names: Sequence[str]) -> Check:
    """An object of any of these fields."""
    what = f"an object of {', '.join(names)}"
    return lambda value: None if isinstance(value, dict) and value.keys() <= set(names) else what


def anything_in(value: Any) -> str | None:
    return None if isinstance(value, dict) else "an object"


def seconds(value: Any) -> str | None:
    return None if type(value) in (int, float) and 0 <= value <= 3_600 else "seconds from 0 to 3600"


def one_of(names: Iterable[str]) -> Check:
    known = list(names)
    return lambda value: None if value in known else " or ".join(known)


def texts(value: Any) -> str | None:
    good = isinstance(value, list) and all(isinstance(item, str) for item in value)
    return None if good else "a list of texts"


def _check_object(value: Any, shape: dict[str, Shape], at: str) -> None:
    _require(isinstance(value, dict), at or "the body", "an object")
    for name, inner in shape.items():
        field = name.removesuffix("?")
        if field in value:
            check(value[field], inner, f"{at}.{field}" if at else field)
        elif field == name:
            raise Problem(422, "invalid_body", f"{at}.{field} is missing" if at else f"{field} is missing")


def _require(good: bool, at: str, wanted: str | None) -> None:
    if not good:
        raise Problem(422, "invalid_body", f"{at} must be {wanted}")


LINES: Shape = [{"sku": str, "quantity": int}]

SHIP_TO: Shape = {
    **dict.fromkeys(
        ("name?", "phone?", "email?", "country?", "province?", "city?", "district?", "postal_code?"), optional_text
    ),
    "lines?": texts,
}
