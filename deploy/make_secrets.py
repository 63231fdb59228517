"""Makes every missing secret of docker-compose.yml as a file in `secrets/`; needs only Python.

Run it again whenever you like: existing secrets stay as they are. Keep a copy of the folder on another machine.
"""

import base64
import secrets
from collections.abc import Callable
from pathlib import Path


def hex_key() -> str:
    """A key of 32 bytes in hexadecimal, also good as a password of PostgreSQL."""
    return secrets.token_hex(32)


def webhook_secret() -> str:
    """A secret in the form of Standard Webhooks; the partner needs the same one."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


SECRETS: dict[str, Callable[[], str]] = {
    "POSTGRES_PASSWORD": hex_key,
    "DATABASE_OWNER_PASSWORD": hex_key,
    "DATABASE_PASSWORD": hex_key,
    "TEMPORAL_DATABASE_PASSWORD": hex_key,
    # Turns identity numbers into tokens: with another key the same person would get another token.
    "BATON_IDENTITY_KEY": hex_key,
    # Seals the secrets of channels and subscribers in the database.
    "BATON_SECRETS_KEY": hex_key,
    # Signs each day's log of all orders.
    "BATON_TRACE_KEY": hex_key,
    "BATON_WMS__SECRET": webhook_secret,
    "BATON_TMS__SECRET": webhook_secret,
    "BATON_PAYMENTS__SECRET": webhook_secret,
    "BATON_ERP__SECRET": webhook_secret,
    "BATON_CRM__SECRET": webhook_secret,
    "BATON_CHANNEL__SECRET": webhook_secret,
    "BATON_INBOX__SECRET": webhook_secret,
}


def make_secrets(directory: Path) -> list[str]:
    """Write the missing secrets and return their names."""
    # The folder is closed to others; the files in it are readable for the accounts that containers run as.
    directory.mkdir(mode=0o700, exist_ok=True)
    directory.chmod(0o700)
    made = [name for name in SECRETS if not (directory / name).exists()]
    for name in made:
        (directory / name).write_text(SECRETS[name]())
        (directory / name).chmod(0o444)
    return made


if __name__ == "__main__":
    folder = Path(__file__).resolve().parent.parent / "secrets"
    for made in make_secrets(folder):
        print(f"made {folder / made}")  # noqa: T201  The output of a script.
