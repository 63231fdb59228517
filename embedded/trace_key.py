"""The key that signs each day's log, in a file of its own, since only services that sign may have it."""

import os
import secrets
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


def keep_trace_key(file: Path, before: str | None) -> str:
    """Return the key in the file. At the first start write it: `before`, from an earlier version, or a new one."""
    if not file.exists():
        draft = file.with_suffix(".new")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(before or secrets.token_hex(32))
        draft.replace(file)
    return file.read_text().strip()


def public_half(key: str) -> str:
    """Return the public key, in hexadecimal, that verifies signatures of `key`."""
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(key)).public_key().public_bytes_raw().hex()
