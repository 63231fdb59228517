"""Hides data from callers who may not see it: personal data, and other channels' orders."""

from collections.abc import Callable, Mapping
from typing import Any

from api.access import Caller
from domain.ids import order_workflow_id

SHOW_PEOPLE = frozenset(
    {
        *("/orders/{order_id}", "/returns", "/returns/{return_id}", "/shipments/{shipment_id}", "/intakes/{intake_id}"),
        *("/subscriptions/{subscription_id}/deliveries", "/orders/{order_id}/versions"),
        *("/orders/{order_id}/notes", "/returns/{return_id}/notes", "/photos/{photo_id}"),
    }
)
"""The routes whose answers name a person, to callers who may see people."""

OF_ALL_CHANNELS = frozenset(
    {"twin", "recent_orders", "earlier_orders", "usual_amount", "block_id", "year_used", "near_used", "near_orders"}
)
"""Fields of an audit's facts that were counted or found among the orders of all channels."""
TOGETHER = "with"
"""The field with the workflow ids of the orders in the same parcel."""


def masked(address: Mapping[str, Any]) -> dict[str, Any]:
    """Mask an address: enough to talk about a parcel, too little to find the person. It keeps the name's first letter
    and the phone's last four digits; an erased person has nothing to mask."""
    return {name: HIDING[name](value) if name in HIDING else value for name, value in address.items()}


def visible_text(caller: Caller, text: str) -> str:
    """Return free text of a customer, channel or courier, hidden from callers who may not see people: it often holds a
    name or a phone number."""
    return text if caller.sees_people else hidden(text)


def hidden(text: str) -> str:
    return "***" if text else ""


def visible_facts(caller: Caller, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts of an order without what a channel's key may not know: anything about other channels' orders."""
    if caller.channel is None:
        return dict(facts)
    mine = order_workflow_id(caller.channel, "")
    kept = {name: value for name, value in facts.items() if name not in OF_ALL_CHANNELS}
    if TOGETHER in kept:
        kept[TOGETHER] = [name for name in kept[TOGETHER] if name.startswith(mine)]
    return kept


HIDING: Mapping[str, Callable[[Any], Any]] = {
    "name": lambda name: name[:1] + hidden(name),
    "phone": lambda phone: hidden(phone) + (phone[-4:] if len(phone) > 9 else ""),
    "email": hidden,
    "lines": lambda lines: [hidden(line) for line in lines],
}
