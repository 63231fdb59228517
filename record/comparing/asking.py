"""What a partner says because it was asked, and that it was told again."""

from typing import Any

from record.messages.partner_events import NewEvent


def forgotten(partner: str, subject: str) -> NewEvent:
    """A partner does not know it any more, and telling it again did not help: a person must see to it."""
    kind = "fulfillment_order" if partner == "wms" else "shipment"
    return asked(partner, subject, f"{kind}.forgotten", {})


def asked(partner: str, subject: str, kind: str, data: dict[str, Any]) -> NewEvent:
    """What a partner has said because it was asked, by the way of its webhooks: once for each kind."""
    named = {"fulfillment_order_id" if kind.startswith("fulfillment") else "shipment_id": subject}
    return NewEvent(partner, f"asked:{subject}:{kind}", kind, subject, {**named, **data})


def told_again_key(subject: str) -> str:
    """Of the fact in the order's log."""
    return f"{subject}:told_again"
