"""Events from a partner's answers to inquiries, and the key of the fact that a request was repeated."""

from typing import Any

from record.messages.partner_events import NewEvent


def forgotten(partner: str, subject: str) -> NewEvent:
    """Return the event for work that the partner no longer knows, even after a repeated request: a person must act."""
    kind = "fulfillment_order" if partner == "wms" else "shipment"
    return asked(partner, subject, f"{kind}.forgotten", {})


def asked(partner: str, subject: str, kind: str, data: dict[str, Any]) -> NewEvent:
    """Return a partner's answer to an inquiry as if it were its webhook, once per kind."""
    named = {"fulfillment_order_id" if kind.startswith("fulfillment") else "shipment_id": subject}
    return NewEvent(partner, f"asked:{subject}:{kind}", kind, subject, {**named, **data})


def told_again_key(subject: str) -> str:
    """Return the key of the fact in the order's log that the request was repeated."""
    return f"{subject}:told_again"
