"""How the customer's page shows a receiver: enough to recognize, too little to find the person or to pass the check.

The page may be forwarded, so it shows none of what `proof_of` asks for.
"""

from collections.abc import Mapping
from typing import Any

from domain.people import digits_of

STARS = "****"
PROOF_DIGITS = 4
SHOWN_DIGITS, SHOWN_WORDS = 3, 6


def mask_name(name: str) -> str:
    return name[:1] + "**" if name else ""


def mask_phone(phone: str) -> str:
    """`138 **** ****`: the country code and the last digits are left out."""
    digits = digits_of(phone)
    if len(digits) < SHOWN_DIGITS + 2 * PROOF_DIGITS:
        return STARS if digits else ""
    # Numbers in China have eleven digits; elsewhere the digits in front are those of the country.
    local = digits[-11:] if phone.startswith("+86") else digits
    return f"{local[:SHOWN_DIGITS]} {STARS} {STARS}"


def mask_street(lines: tuple[str, ...]) -> str:
    """Return the first letters of the street, without a number."""
    first = next((line for line in lines if line.strip()), "").strip()
    shown = "".join(sign for sign in first[:SHOWN_WORDS] if not sign.isdecimal()).strip()
    return f"{shown}{STARS}" if first else ""


def mask_receiver(address: Mapping[str, Any]) -> dict[str, str]:
    """Return the receiver as shown: name, phone and place, without postal code and e-mail."""
    parts = [str(address.get(name) or "") for name in ("province", "city", "district")]
    named = list(dict.fromkeys(part for part in parts if part))
    return {
        "name": mask_name(str(address.get("name") or "")),
        "phone": mask_phone(str(address.get("phone") or "")),
        "place": " ".join([*named, mask_street(tuple(address.get("lines") or ()))]).strip(),
    }


def proof_of(address: Mapping[str, Any]) -> tuple[str, str]:
    """Return what a customer is asked for before an act, `phone` or `postal_code`, and the answer; both empty if the
    order has neither, or only masked ones."""
    phone = str(address.get("phone") or "")
    if len(last := phone.replace(" ", "").replace("-", "")[-PROOF_DIGITS:]) == PROOF_DIGITS and last.isdecimal():
        return "phone", last
    postal_code = plain(str(address.get("postal_code") or ""))
    return ("postal_code", postal_code) if postal_code and "*" not in postal_code else ("", "")


def plain(text: str) -> str:
    """Return what was typed without spaces and dashes, in capitals."""
    return "".join(sign for sign in text.upper() if sign.isalnum() or sign == "*")
