"""How long a secret is at least: an empty one opens what it should close, and a short one can be tried out."""

import base64
import binascii
import re

LEAST = 16
"""Characters of a text that is shared, or bytes of a key that is written as one."""
KEY = re.compile(r"[0-9a-fA-F]{64}")
TOO_SHORT = f"is empty or shorter than {LEAST} characters; leave it out to keep closed what it opens"
NO_WEBHOOK_SECRET = f"is not whsec_ and base64 of {LEAST} bytes or more"
NO_KEY = "is not 32 bytes in hexadecimal"


def is_secret(text: str) -> bool:
    """Long enough, and not one letter over and over."""
    return len(text) >= LEAST and len(set(text)) > 1


def is_webhook_secret(text: str) -> bool:
    """In the form of Standard Webhooks: `whsec_` and base64."""
    written = text.removeprefix("whsec_")
    try:
        return len(base64.b64decode(written, validate=True)) >= LEAST and is_secret(written)
    except (binascii.Error, ValueError):
        return False


def is_key(text: str) -> bool:
    return KEY.fullmatch(text) is not None
