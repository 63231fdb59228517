"""What is left of a person for those who need not know who it is."""

from collections.abc import Mapping
from typing import Any

from api.access import Caller


def masked(address: Mapping[str, Any]) -> dict[str, Any]:
    """Enough to talk about a parcel, too little to find the person: one letter of the name, the phone's last four."""
    return {
        **address,
        "name": address["name"][:1] + hidden(address["name"]),
        "phone": hidden(address["phone"]) + (address["phone"][-4:] if len(address["phone"]) > 9 else ""),
        "email": hidden(address["email"]),
        "lines": [hidden(line) for line in address["lines"]],
    }


def told(caller: Caller, text: str) -> str:
    """What a customer, a channel or a courier wrote, which often has a name or a phone number in it."""
    return text if caller.sees_people else hidden(text)


def hidden(text: str) -> str:
    return "***" if text else ""
