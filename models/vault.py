"""Encrypts secrets of third parties in the database, with keys that are not stored there."""

from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Any, cast

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy.orm import Session

SEALED = "sealed:"
SECRETS = frozenset({"token", "key", "secret", "salt"})
"""Names of secrets in the settings of a channel's account, at any depth."""


class VaultError(RuntimeError):
    """A secret cannot be sealed or read: there is no key, or it was sealed with another one."""


class Vault:
    """Seals with the first of its keys, and reads what any of them sealed. A key is 32 bytes in hexadecimal.

    Fernet: AES in CBC mode with an HMAC, by the specification's own library.
    """

    def __init__(self, *keys: str) -> None:
        self._fernet = MultiFernet([Fernet(urlsafe_b64encode(bytes.fromhex(key))) for key in keys])

    def seal(self, text: str) -> str:
        """The encrypted text for the database; an empty text stays empty."""
        return SEALED + self._fernet.encrypt(text.encode()).decode() if text else text

    def read(self, kept: str) -> str:
        """The secret itself. Secrets from before encryption are stored in plain text until `baton migrate` seals
        them."""
        if not kept.startswith(SEALED):
            return kept
        try:
            return self._fernet.decrypt(kept.removeprefix(SEALED)).decode()
        except InvalidToken:
            raise VaultError("a secret was sealed with another key: put that one behind yours in the setting") from None


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
