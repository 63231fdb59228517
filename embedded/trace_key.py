"""The key that signs each day's log, in a file of its own: services that do not sign are not told it."""

import os
import secrets
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


def keep_trace_key(file: Path, before: str | None) -> str:
    """The key in the file; made at the first start, or the one that an earlier version kept elsewhere."""
    if not file.exists():
        draft = file.with_suffix(".new")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(before or secrets.token_hex(32))
        draft.replace(file)
    return file.read_text().strip()


def public_half(key: str) -> str:
    """What proves signatures of the key, in hexadecimal."""
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(key)).public_key().public_bytes_raw().hex()
