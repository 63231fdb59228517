"""Messages as WeChat sends them in its safe mode: encrypted, with the signature in the URL.

Source: developers.weixin.qq.com, message push, signature and AES.
"""

import binascii
import hashlib
import hmac
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from integrations.channels.reading import Unreadable, open_object

KEY_BYTES, IV_BYTES, RANDOM_BYTES, LENGTH_BYTES, BLOCK_BYTES = 32, 16, 16, 4, 32
MAX_ECHO = 200


@dataclass(frozen=True, slots=True)
class SealedMessages:
    """Without the app's id and the key of its messages nothing is accepted. A message in plain text is refused: its
    signature does not cover it."""

    app_key: str = ""
    aes_key: str = ""

    def echo(self, secret: str, query: Mapping[str, str]) -> str | None:
        """The text by which an address proves that it knows our `secret`; None if it was asked with another."""
        text, signed = query.get("echostr", ""), _signature(secret, query.get("timestamp", ""), query.get("nonce", ""))
        good = bool(secret) and _same(signed, query.get("signature", ""))
        return text if good and 0 < len(text) <= MAX_ECHO and text.isascii() and text.isprintable() else None

    def open(self, secret: str, query: Mapping[str, str], raw: bytes) -> bytes | None:
        """The decrypted message; None if it is not signed with `secret`, or not for our app."""
        try:
            sealed = open_object(raw).text("Encrypt", 1_000_000)
        except Unreadable:
            return None
        signed = _signature(secret, query.get("timestamp", ""), query.get("nonce", ""), sealed)
        if not (secret and self.app_key and self.aes_key and sealed):
            return None
        if not _same(signed, query.get("msg_signature", "")):
            return None
        return self._decrypted(sealed)

    def _decrypted(self, sealed: str) -> bytes | None:
        try:
            key, text = b64decode(self.aes_key + "="), b64decode(sealed, validate=True)
        except (binascii.Error, ValueError):
            return None
        if len(key) != KEY_BYTES or not text or len(text) % IV_BYTES:
            return None
        cipher = Cipher(algorithms.AES(key), modes.CBC(key[:IV_BYTES])).decryptor()
        plain = cipher.update(text) + cipher.finalize()
        plain = plain[: -plain[-1]] if 1 <= plain[-1] <= BLOCK_BYTES else b""
        begin = RANDOM_BYTES + LENGTH_BYTES
        end = begin + int.from_bytes(plain[RANDOM_BYTES:begin], "big")
        ours = plain[end:] == self.app_key.encode()
        return plain[begin:end] if ours and len(plain) > begin else None


def _signature(*parts: str) -> str:
    return hashlib.sha1("".join(sorted(parts)).encode(), usedforsecurity=False).hexdigest()


def _same(signed: str, given: str) -> bool:
    return hmac.compare_digest(signed.encode(), given.encode("utf-8", "replace"))
