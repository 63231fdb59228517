"""The sample payloads, and a translated order as JSON to compare with the expected files."""

import json
from pathlib import Path
from typing import Any

from integrations.channels.registry import TRANSLATORS
from integrations.channels.translated import Translated

SAMPLES = Path(__file__).parent / "samples"
EXPECTED = Path(__file__).parent / "expected"
CHANNELS = [name for name in TRANSLATORS if name != "file"]


def sample(channel: str, name: str) -> bytes:
    return (SAMPLES / channel / f"{name}.json").read_bytes()


def parsed(channel: str, name: str) -> Any:
    return json.loads(sample(channel, name).decode("utf-8-sig"))


def expected(name: str) -> Any:
    return json.loads((EXPECTED / f"{name}.json").read_text())


def as_json(translated: Translated) -> dict[str, Any]:
    """All fields of a translation, amounts as text, without those that are empty, false or zero."""
    order, financial = translated.order, translated.financial
    address = order.ship_to
    shown = {
        "channel": order.channel,
        "channel_order_id": order.channel_order_id,
        "placed_at": order.placed_at.isoformat(),
        "modified_at": translated.modified_at.isoformat(),
        "currency": order.currency,
        "customer_id": order.customer_id,
        "ship_to": _filled({name: getattr(address, name) for name in address.__slots__}),
        "lines": [
            _filled(
                {name: getattr(line, name) for name in line.__slots__ if name not in ("unit_price", "discount")}
                | {"unit_price": line.unit_price.text, "discount": line.discount.text, "total": line.total.text}
            )
            for line in order.lines
        ],
        "totals": {
            "discount": order.discount.text,
            "shipping": order.shipping.text,
            "tax": order.tax.text,
            "grand_total": order.grand_total.text,
        },
        "payment": [order.payment_reference, order.payment_method],
        "remarks": order.remarks,
        "merchant_remarks": order.merchant_remarks,
        "tags": order.tags,
        "language": order.language,
        "ship_by": order.ship_by.isoformat() if order.ship_by else "",
        "deliver_by": order.deliver_by.isoformat() if order.deliver_by else "",
        "kind": translated.kind,
        "financial": _filled(
            {
                "status": financial.status,
                "paid_at": financial.paid_at.isoformat() if financial.paid_at else "",
                "refunded": financial.refunded.text if financial.refunded.minor_units else "",
                "tax_included": financial.tax_included.text if financial.tax_included.minor_units else "",
                "refunded_units": financial.refunded_units,
                "refund_asked": financial.refund_asked,
                "canceled": financial.canceled,
                "cash_on_delivery": financial.cash_on_delivery,
            }
        ),
        "warnings": translated.warnings,
        "masked": translated.masked,
        "test": translated.test,
    }
    filled: dict[str, Any] = json.loads(json.dumps(_filled(shown)))
    return filled


def _filled(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value}
