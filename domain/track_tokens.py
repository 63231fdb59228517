"""Tokens of customers' pages: an order's id, the generation of its links and the day on which the link ends, signed.

A token is the capability itself: who has it sees the page. No table keeps tokens; an order's links of a generation are
revoked by raising its generation.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from domain.ids import CROCKFORD

EPOCH = date(2020, 1, 1)
ID_BYTES, MAC_BYTES = 16, 16
NUMBERS = 2
"""Bytes of the generation, and of the day."""
LENGTH = (ID_BYTES + 2 * NUMBERS + MAC_BYTES) * 4 // 3
PURPOSE = b"baton: customers' pages"
"""Keeps the key of tokens apart from others that are derived from the same one."""
VALUES = {letter: value for value, letter in enumerate(CROCKFORD)}


@dataclass(frozen=True, slots=True)
class TrackToken:
    """`last_day` is the last day on which it opens the page."""

    order_id: str
    generation: int
    last_day: date


def derive_key(secret: bytes) -> bytes:
    return hmac.digest(secret, PURPOSE, "sha256")


def write_token(token: TrackToken, key: bytes) -> str:
    """Return the token as it stands in a link: 48 letters, digits, dashes and underscores; equal for equal values."""
    number = 0
    for letter in token.order_id:
        number = number << 5 | VALUES[letter]
    days = (token.last_day - EPOCH).days
    body = number.to_bytes(ID_BYTES) + token.generation.to_bytes(NUMBERS) + days.to_bytes(NUMBERS)
    return urlsafe_b64encode(body + _mac(body, key)).decode()


def read_token(text: str, keys: Sequence[bytes]) -> TrackToken | None:
    """Return what a token says if one of the keys signed it, else None. It takes as long whatever of it is wrong."""
    try:
        raw = urlsafe_b64decode(text.encode("ascii")) if len(text) == LENGTH else b""
    except (UnicodeEncodeError, NotBase64, ValueError):
        raw = b""
    # One that cannot be read is compared as well.
    genuine = len(raw) == LENGTH * 3 // 4
    body, mac = (raw[:-MAC_BYTES], raw[-MAC_BYTES:]) if genuine else (bytes(ID_BYTES), bytes(MAC_BYTES))
    signed = [hmac.compare_digest(mac, _mac(body, key)) for key in keys]
    # Base64 has several texts for some bytes; only the one that we write is a token.
    if not genuine or not any(signed) or urlsafe_b64encode(raw).decode() != text:
        return None
    number = int.from_bytes(body[:ID_BYTES])
    order_id = "".join(CROCKFORD[(number >> shift) & 31] for shift in range(125, -1, -5))
    generation, days = (int.from_bytes(body[at : at + NUMBERS]) for at in (ID_BYTES, ID_BYTES + NUMBERS))
    return TrackToken(order_id, generation, EPOCH + timedelta(days=days))


def _mac(body: bytes, key: bytes) -> bytes:
    return hmac.digest(key, body, "sha256")[:MAC_BYTES]
