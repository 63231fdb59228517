"""Webhook signatures, checked over the raw body in constant time before anything is parsed."""

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

ENCODINGS: Mapping[str, Callable[[bytes], bytes]] = {
    "base64": base64.b64encode,
    "hex": binascii.hexlify,
}
TOLERANCE_S = 300


@dataclass(frozen=True, slots=True)
class HmacScheme:
    """An HMAC of the raw body in one header. `algorithm` is a hashlib name, `encoding` base64 or hex."""

    header: str
    algorithm: str = "sha256"
    encoding: str = "hex"
    prefix: str = ""

    def __post_init__(self) -> None:
        if self.encoding not in ENCODINGS or self.algorithm not in hashlib.algorithms_guaranteed:
            raise ValueError(f"no such signature: {self.algorithm} in {self.encoding}")

    def sign(self, secret: str, raw: bytes) -> str:
        return self.prefix + ENCODINGS[self.encoding](hmac.digest(secret.encode(), raw, self.algorithm)).decode()

    def verify(self, secret: str, headers: Mapping[str, str], raw: bytes) -> bool:
        given = header(headers, self.header).strip()
        expected = self.sign(secret, raw)
        if self.encoding == "hex":
            given = self.prefix + given.removeprefix(self.prefix).lower()
        return bool(secret) and hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace"))


@dataclass(frozen=True, slots=True)
class AppSignature:
    """The MD5 of the app's key, the raw body and the app's secret, one behind the other. Without the app's key nothing
    is accepted: it must not come from the message, where it could take up a part of the body."""

    header: str
    app_key: str = ""

    def sign(self, secret: str, raw: bytes) -> str:
        return hashlib.md5(self.app_key.encode() + raw + secret.encode(), usedforsecurity=False).hexdigest()

    def verify(self, secret: str, headers: Mapping[str, str], raw: bytes) -> bool:
        given = header(headers, self.header).strip().lower()
        expected = self.sign(secret, raw).encode()
        return bool(secret and self.app_key) and hmac.compare_digest(expected, given.encode("utf-8", "replace"))


@dataclass(frozen=True, slots=True)
class StandardWebhooks:
    """The scheme of standardwebhooks.com: id, time and body are signed; messages older than TOLERANCE_S are refused."""

    clock: Callable[[], float] = time.time

    def sign(self, secret: str, message_id: str, timestamp: str, raw: bytes) -> str:
        key = base64.b64decode(secret.removeprefix("whsec_"))
        signed = f"{message_id}.{timestamp}.".encode() + raw
        return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()

    def verify(self, secret: str, headers: Mapping[str, str], raw: bytes) -> bool:
        message_id, timestamp = header(headers, "webhook-id"), header(headers, "webhook-timestamp")
        if not (secret and message_id and timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 12):
            return False
        if abs(self.clock() - int(timestamp)) > TOLERANCE_S:
            return False
        expected = self.sign(secret, message_id, timestamp, raw).encode()
        # There are several signatures while a secret is being rotated.
        given = header(headers, "webhook-signature").split()
        return any(hmac.compare_digest(expected, one.encode("utf-8", "replace")) for one in given)


def header(headers: Mapping[str, str], name: str) -> str:
    """A header's value, ignoring case; empty if absent."""
    return next((value for key, value in headers.items() if key.lower() == name.lower()), "")
