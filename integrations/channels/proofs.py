"""How an account recognizes the webhooks of its platform: by a signature over the body, or by opening a sealed one."""

from collections.abc import Mapping
from dataclasses import replace

from integrations.channels.sealed import SealedMessages
from integrations.channels.signatures import AppSignature, HmacScheme, StandardWebhooks

Signature = HmacScheme | AppSignature | StandardWebhooks | SealedMessages


def of_app(signature: Signature | None, app_key: str, aes_key: str) -> Signature | None:
    """The signature with the keys of the account's app, where they take part in it."""
    if isinstance(signature, AppSignature):
        return replace(signature, app_key=app_key)
    if isinstance(signature, SealedMessages):
        return replace(signature, app_key=app_key, aes_key=aes_key)
    return signature


def opened(
    signature: Signature, secret: str, headers: Mapping[str, str], query: Mapping[str, str], raw: bytes
) -> bytes | None:
    """The body as the platform wrote it; None if the platform did not sign it."""
    if isinstance(signature, SealedMessages):
        return signature.open(secret, query, raw)
    return raw if signature.verify(secret, headers, raw) else None
