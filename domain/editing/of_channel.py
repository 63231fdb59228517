"""What a channel's new lines and amounts ask of an order: the edit that a person would ask for."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from domain.editing.wanted import AMOUNTS, AddedLine, WantedEdit
from domain.money import Money
from domain.order import Order, OrderLine

APPLY, ASK = "apply", "ask"
POLICIES = (APPLY, ASK)
"""What a channel's setting `edits` may say: its edits are made, or a person confirms them."""


@dataclass(frozen=True, slots=True)
class KnownLine:
    """A line as recorded; `units` are still wanted of it."""

    line_no: int
    sku: str
    units: int
    unit_price: Money
    channel_line_id: str = ""


def goods_of(order: Order) -> dict[str, Any]:
    """Return lines and amounts as JSON, to tell what a channel sends again from what it has changed."""
    lines = [[line.sku, line.quantity, line.unit_price.minor_units, line.discount.minor_units] for line in order.lines]
    parts = order.discount, order.shipping, order.tax, order.grand_total
    return {"amounts": [order.currency, *(part.minor_units for part in parts)], "lines": sorted(lines)}


def is_as_said(known: Sequence[KnownLine], said: Mapping[str, Any]) -> bool:
    """True if the units still wanted are those that the channel said last: nothing of them was changed here."""
    units = Counter[str]()
    for sku, quantity, *_ in said["lines"]:
        units[sku] += quantity
    for line in known:
        units[line.sku] -= line.units
    return not any(units.values())


def wanted_goods(known: Sequence[KnownLine], sent: Order, amounts: Mapping[str, Money]) -> WantedEdit:
    """Return the edit by which the order has the lines and amounts that are sent. `amounts` are the present ones."""
    left, quantities = list(sent.lines), dict[int, int]()
    for line in known:
        same = next((one for one in left if _is_same(line, one)), None)
        if same is not None:
            left.remove(same)
        if (units := same.quantity if same else 0) != line.units:
            quantities[line.line_no] = units
    return WantedEdit(
        quantities=quantities,
        added=tuple(AddedLine(one.sku, one.quantity, one.unit_price, one.discount, one.title) for one in left),
        amounts={name: amount for name in AMOUNTS if (amount := getattr(sent, name)) != amounts[name]},
        said=goods_of(sent),
    )


def _is_same(line: KnownLine, one: OrderLine) -> bool:
    ids = line.channel_line_id, one.channel_line_id
    return line.sku == one.sku and line.unit_price == one.unit_price and (ids[0] == ids[1] or not all(ids))
