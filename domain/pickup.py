"""Orders that the customer fetches at a store: the code that shows who may have the goods."""

import secrets
from hashlib import sha256
from hmac import compare_digest

PICKUP = "pickup"
"""How a channel, and Baton to the store, says that an order is fetched and not sent."""
MAX_CODE_ATTEMPTS = 5
"""After so many wrong codes for one fulfillment order a person is called."""

# What is read out over a counter must not be taken for something else.
LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 8


def new_code() -> str:
    """Eight letters and digits: more than 10¹¹ codes, of which a key may try a few a minute."""
    return "".join(secrets.choice(LETTERS) for _ in range(LENGTH))


def code_hash(fulfillment_order_id: str, code: str) -> str:
    """What is kept of a code; it says nothing about another fulfillment order with the same one."""
    said = "".join(code.split()).replace("-", "").upper()
    return sha256(f"{fulfillment_order_id}:{said}".encode()).hexdigest()


def is_code(fulfillment_order_id: str, code: str, kept: str) -> bool:
    return compare_digest(code_hash(fulfillment_order_id, code), kept)
