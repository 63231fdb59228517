"""Pickup at a store: the code by which the customer gets the goods."""

import secrets
from hashlib import sha256
from hmac import compare_digest

PICKUP = "pickup"
"""The service by which channels, and Baton to the store, mark an order for pickup."""
MAX_CODE_ATTEMPTS = 5
"""Wrong codes for one fulfillment order before a person is called."""

# Without letters and digits that are mistaken for each other, since codes are read aloud over a counter.
LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 8


def new_code() -> str:
    """Eight letters and digits: more than 10¹¹ codes, and a key may try only a few a minute."""
    return "".join(secrets.choice(LETTERS) for _ in range(LENGTH))


def code_hash(fulfillment_order_id: str, code: str) -> str:
    """The hash that is stored. The same code has another hash for another fulfillment order."""
    plain = "".join(code.split()).replace("-", "").upper()
    return sha256(f"{fulfillment_order_id}:{plain}".encode()).hexdigest()


def is_code(fulfillment_order_id: str, code: str, kept: str) -> bool:
    return compare_digest(code_hash(fulfillment_order_id, code), kept)
