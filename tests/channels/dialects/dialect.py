"""The interface of dialects. An order has three lamps and a cup."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from integrations.abilities.ability import Matter

LAMPS, CUP = 3, 1
Body = dict[str, Any]
Change = Callable[[Body], Body]
Message = tuple[Mapping[str, str], bytes]
"""The headers and the body of a push."""


@dataclass(frozen=True)
class Dialect:
    """`order(number, changed)` is a paid order of the platform. Each of the `words` returns the order as it
    is when that matter has happened to it. `lines` gives it these SKUs, one unit each."""

    path: str
    access: Mapping[str, Any]
    order: Callable[[int, datetime], Body]
    lines: Callable[[Body, Sequence[str]], Body]
    line_ids: Callable[[Body], list[str]]
    words: Mapping[Matter, Change]
    message: Callable[[Body], Message] | None = None
    """How the platform pushes this state of an order."""
    asks: Callable[[Body], Message] | None = None
    """How it pushes that the customer asks for a refund, if the order itself does not say so."""
    listing: str = "101"
    """The platform's name of a SKU in stock calls."""
    carrier: str = "SF Express"
    listed: Mapping[str, Any] = field(default_factory=dict)
    """More settings of `push`."""
    renewed_by: Mapping[str, Any] = field(default_factory=dict)
    """What renews the token, besides what is in `access`."""
    renew_path: str = ""
    """Where it is renewed, if elsewhere."""
