"""Shopify's words."""

import json
from collections.abc import Sequence
from datetime import datetime

from integrations.abilities.ability import Matter
from tests.channels.dialects.dialect import CUP, LAMPS, Body, Dialect, Message
from tests.channels.payloads import parsed
from tests.factories import LAMP, TEACUP


def order(number: int, changed: datetime) -> Body:
    body: Body = parsed("shopify", "ordinary")
    body |= {"id": number, "checkout_token": f"token-{number}", "updated_at": changed.isoformat()}
    return with_units(body, [(LAMP, LAMPS), (TEACUP, CUP)])


def with_units(body: Body, units: Sequence[tuple[str, int]]) -> Body:
    plain = {"price": "10.00", "total_discount": "0.00", "requires_shipping": True}
    lines = [
        plain | {"id": body["id"] * 10_000 + number, "sku": sku, "title": sku, "quantity": quantity}
        for number, (sku, quantity) in enumerate(units, 1)
    ]
    total = f"{10 * sum(units for _, units in units)}.00"
    sums = {"total_discounts": "0.00", "total_tax": "0.00", "total_price": total, "discount_applications": []}
    free = {
        "total_shipping_price_set": {"shop_money": {"amount": "0.00", "currency_code": "USD"}},
        "shipping_lines": [],
    }
    return body | {"line_items": lines} | sums | free


def lines(body: Body, skus: Sequence[str]) -> Body:
    return with_units(body, [(sku, 1) for sku in skus])


def line_ids(body: Body) -> list[str]:
    return [str(line["id"]) for line in body["line_items"]]


def sent(body: Body, lamps: int, cups: int) -> Body:
    units = zip(body["line_items"], (lamps, cups), strict=True)
    items = [{"id": line["id"], "quantity": number} for line, number in units if number]
    about = {"id": body["id"] + 7, "status": "success", "created_at": body["updated_at"], "line_items": items}
    parcel = about | {"tracking_company": "UPS", "tracking_number": f"1Z{body['id']}"}
    return body | {"fulfillments": [parcel], "fulfillment_status": "fulfilled" if cups else "partial"}


def refunded(body: Body) -> Body:
    cup = body["line_items"][1]
    line = {"line_item_id": cup["id"], "quantity": 1, "subtotal": "10.00", "total_tax": "0.00"}
    paid = {"kind": "refund", "status": "success", "amount": "10.00"}
    refund = {"id": 1, "refund_line_items": [line], "transactions": [paid]}
    return body | {"refunds": [refund], "financial_status": "partially_refunded"}


def gift(body: Body) -> Body:
    given = body["line_items"][1] | {"price": "0.00"}
    return body | {"line_items": [body["line_items"][0], given], "total_price": f"{10 * LAMPS}.00"}


def message(body: Body) -> Message:
    return {"X-Shopify-Topic": "orders/updated"}, json.dumps(body).encode()


def asks(body: Body) -> Message:
    return {"X-Shopify-Topic": "returns/request"}, json.dumps({"id": 1, "order": {"id": body["id"]}}).encode()


SHOPIFY = Dialect(
    path="/shopify/admin/api/2025-10",
    access={"token": "shpat_simulated"},
    order=order,
    lines=lines,
    line_ids=line_ids,
    words={
        Matter.UNPAID: lambda body: body | {"financial_status": "pending"},
        Matter.CANCELS: lambda body: body | {"cancelled_at": body["updated_at"]},
        Matter.ADDRESS: lambda body: body | {"shipping_address": body["shipping_address"] | {"address1": "9 Oak Road"}},
        Matter.SHIPPED: lambda body: sent(body, LAMPS, CUP),
        Matter.PARTLY_SHIPPED: lambda body: sent(body, 1, 0),
        Matter.REFUNDED: refunded,
        Matter.GIFTS: gift,
        Matter.TESTS: lambda body: body | {"test": True},
    },
    message=message,
    asks=asks,
    listed={"location": "77"},
)
