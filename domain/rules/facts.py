"""The facts that a rule of staff may read: a map of the order and one of the buyer, without name, phone or street.

Every field is always present: an unknown text is empty, an unknown number is 0. docs/rules.md explains each field.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from domain.money import Money, minor_digits
from domain.order import Address, Order, OrderLine

TEXT, WHOLE, NUMBER, FLAG, TIME = "text", "whole number", "number", "true or false", "time"

Kind = str | Mapping[str, Any] | list[Any]
"""A kind of value, the fields of a map, or a list with the kind of its items."""

LINE: Mapping[str, Kind] = {
    "sku": TEXT,
    "title": TEXT,
    "quantity": WHOLE,
    "unit_price": NUMBER,
    "unit_price_minor": WHOLE,
    "total": NUMBER,
    "total_minor": WHOLE,
    "gift": FLAG,
    "bundle_of": TEXT,
    "product": {"known": FLAG, "on_sale": FLAG, "weight_grams": WHOLE},
}
FIELDS: Mapping[str, Kind] = {
    "order": {
        "channel": TEXT,
        "placed_at": TIME,
        "currency": TEXT,
        "total": NUMBER,
        "total_minor": WHOLE,
        "discount": NUMBER,
        "discount_minor": WHOLE,
        "shipping": NUMBER,
        "shipping_minor": WHOLE,
        "tax": NUMBER,
        "tax_minor": WHOLE,
        "payment_status": TEXT,
        "payment_method": TEXT,
        "ship_to": {"country": TEXT, "province": TEXT, "city": TEXT, "district": TEXT},
        "lines": [LINE],
        "skus": [TEXT],
        "units": WHOLE,
        "weight_grams": WHOLE,
        "tags": [TEXT],
        "has_remarks": FLAG,
        "test": FLAG,
        "promise": TEXT,
    },
    "buyer": {"token": TEXT, "orders": WHOLE, "canceled": WHOLE},
}


@dataclass(frozen=True, slots=True)
class Goods:
    on_sale: bool
    weight_grams: int


@dataclass(frozen=True, slots=True)
class Buyer:
    """Earlier orders of this customer at this channel, and how many of them were canceled."""

    orders: int = 0
    canceled: int = 0


@dataclass(frozen=True, slots=True)
class RuleFacts:
    """An order as its channel gave it, with its payment, goods (by SKU) and buyer."""

    order: Order
    payment_status: str
    goods: Mapping[str, Goods]
    buyer: Buyer


def as_map(facts: RuleFacts) -> dict[str, Any]:
    """The two maps that an expression reads. `total` is in units of the currency, `total_minor` in its minor units.

    A number such as 19.99 equals the same number in a rule exactly, since both are the nearest double.
    """
    order, goods = facts.order, facts.goods
    amounts = {"total": order.grand_total, "discount": order.discount, "shipping": order.shipping, "tax": order.tax}
    scale = 10 ** minor_digits(order.currency)
    shown = {
        "channel": order.channel,
        "placed_at": order.placed_at,
        "currency": order.currency,
        "payment_status": facts.payment_status,
        "payment_method": order.payment_method,
        "ship_to": _ship_to(order.ship_to),
        "lines": [_line(line, goods.get(line.sku), scale) for line in order.lines],
        "skus": list({line.sku: None for line in order.lines}),
        "units": sum(line.quantity for line in order.lines),
        "weight_grams": sum(line.quantity * goods[line.sku].weight_grams for line in order.lines if line.sku in goods),
        "tags": list(order.tags),
        "has_remarks": bool(order.remarks),
        "test": order.test,
        "promise": order.promise_state,
    }
    buyer = {"token": order.customer_id, "orders": facts.buyer.orders, "canceled": facts.buyer.canceled}
    return {"order": shown | _amounts(amounts, scale), "buyer": buyer}


def _ship_to(to: Address) -> dict[str, str]:
    return {"country": to.country, "province": to.province, "city": to.city, "district": to.district}


def _line(line: OrderLine, known: Goods | None, scale: int) -> dict[str, Any]:
    return {
        "sku": line.sku,
        "title": line.title,
        "quantity": line.quantity,
        "gift": line.gift,
        "bundle_of": line.bundle_of,
        "product": {
            "known": known is not None,
            "on_sale": known.on_sale if known else False,
            "weight_grams": known.weight_grams if known else 0,
        },
    } | _amounts({"unit_price": line.unit_price, "total": line.total}, scale)


def _amounts(amounts: Mapping[str, Money], scale: int) -> dict[str, float | int]:
    exact = {f"{name}_minor": amount.minor_units for name, amount in amounts.items()}
    return exact | {name: amount.minor_units / scale for name, amount in amounts.items()}
