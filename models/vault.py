"""Encrypts secrets of third parties in the database, with keys that are not stored there."""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Any, cast

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy.orm import Session

SEALED = "sealed:"
FINDING = b"baton: persons found by phone and e-mail"
"""Keeps the keys of digests apart from those that seal."""
SECRETS = frozenset({"token", "key", "secret", "salt", "refresh_token", "aes_key"})
"""Names of secrets in the settings of a channel's account, at any depth."""


class VaultError(RuntimeError):
    """A secret cannot be sealed or read: there is no key, or it was sealed with another one."""


class Vault:
    """Seals with the first of its keys, and reads what any of them sealed. A key is 32 bytes in hexadecimal.

    Fernet: AES in CBC mode with an HMAC, by the specification's own library.
    """

    def __init__(self, *keys: str) -> None:
        self._fernet = MultiFernet([Fernet(urlsafe_b64encode(bytes.fromhex(key))) for key in keys])
        self._finding = [hmac.digest(bytes.fromhex(key), FINDING, "sha256") for key in keys]

    def seal(self, text: str) -> str:
        """The encrypted text for the database; an empty text stays empty."""
        return SEALED + self._fernet.encrypt(text.encode()).decode() if text else text

    def digest(self, text: str) -> int:
        """A 64-bit number that stands for the text, made with the first key: equal texts are found by it, and nobody
        without the key can try texts out."""
        return _number(self._finding[0], text)

    def digests(self, text: str) -> list[int]:
        """The digests of a text by each of the keys, for rows that were written with an older one."""
        return [_number(key, text) for key in self._finding]

    def read(self, kept: str) -> str:
        """The secret itself. Secrets from before encryption are stored in plain text until `baton migrate` seals
        them."""
        if not kept.startswith(SEALED):
            return kept
        try:
            return self._fernet.decrypt(kept.removeprefix(SEALED)).decode()
        except InvalidToken:
            raise VaultError("a secret was sealed with another key: put that one behind yours in the setting") from None


def _number(key: bytes, text: str) -> int:
    return int.from_bytes(hmac.digest(key, text.encode(), "sha256")[:8], "big", signed=True)


def vault_of(session: Session) -> Vault:
    """The vault that was given to `models.database.sessions`."""
    if "vault" not in session.info:
        raise VaultError("these sessions have no vault, so they neither keep nor read secrets")
    return cast(Vault, session.info["vault"])


def each_secret(settings: dict[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    """The settings of an account with `change`, such as `vault.seal`, applied to every secret."""
    return {name: _changed(name, value, change) for name, value in settings.items()}


def _changed(name: str, value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        return each_secret(value, change)
    return change(value) if name in SECRETS and isinstance(value, str) else value
