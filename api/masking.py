"""What is left of a person for those who need not know who it is."""

from collections.abc import Callable, Mapping
from typing import Any

from api.access import Caller

SHOW_PEOPLE = frozenset(
    {
        *("/orders/{order_id}", "/returns", "/returns/{return_id}", "/shipments/{shipment_id}", "/intakes/{intake_id}"),
        "/subscriptions/{subscription_id}/deliveries",
    }
)
"""The routes in whose answers somebody is named, to those who may see people."""


def masked(address: Mapping[str, Any]) -> dict[str, Any]:
    """Enough to talk about a parcel, too little to find the person: one letter of the name, the phone's last four.

    Of a person who was erased there is nothing to mask.
    """
    return {name: HIDING[name](value) if name in HIDING else value for name, value in address.items()}


def told(caller: Caller, text: str) -> str:
    """What a customer, a channel or a courier wrote, which often has a name or a phone number in it."""
    return text if caller.sees_people else hidden(text)


def hidden(text: str) -> str:
    return "***" if text else ""


HIDING: Mapping[str, Callable[[Any], Any]] = {
    "name": lambda name: name[:1] + hidden(name),
    "phone": lambda phone: hidden(phone) + (phone[-4:] if len(phone) > 9 else ""),
    "email": hidden,
    "lines": lambda lines: [hidden(line) for line in lines],
}
