"""Minimum strength of secrets: an empty one would open what it should close, and a short one can be guessed."""

import base64
import binascii
import re

MIN_LENGTH = 16
"""Characters of a shared secret, or bytes of a webhook secret."""
KEY = re.compile(r"[0-9a-fA-F]{64}")
TOO_SHORT = f"is empty or shorter than {MIN_LENGTH} characters; leave it out to keep closed what it opens"
NO_WEBHOOK_SECRET = f"is not whsec_ and base64 of {MIN_LENGTH} bytes or more"
NO_KEY = "is not 32 bytes in hexadecimal"


def is_secret(text: str) -> bool:
    """True if the text is long enough and not one character repeated."""
    return len(text) >= MIN_LENGTH and len(set(text)) > 1


def is_webhook_secret(text: str) -> bool:
    """True for the form of Standard Webhooks, `whsec_` and base64, if it is long enough."""
    written = text.removeprefix("whsec_")
    try:
        return len(base64.b64decode(written, validate=True)) >= MIN_LENGTH and is_secret(written)
    except (binascii.Error, ValueError):
        return False


def is_key(text: str) -> bool:
    return KEY.fullmatch(text) is not None
