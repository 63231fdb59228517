"""Makes every secret of docker-compose.yml that is not there yet, as files in `secrets/`; needs only Python.

Run it again whenever you like: what is there stays as it is. Keep a copy of the folder where the server is not.
"""

import base64
import secrets
from collections.abc import Callable
from pathlib import Path


def letters() -> str:
    """A password of PostgreSQL, or a key of 32 bytes."""
    return secrets.token_hex(32)


def webhook_secret() -> str:
    """In the form of Standard Webhooks; whoever runs the partner must be given the same."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


SECRETS: dict[str, Callable[[], str]] = {
    "POSTGRES_PASSWORD": letters,
    "DATABASE_OWNER_PASSWORD": letters,
    "DATABASE_PASSWORD": letters,
    "TEMPORAL_DATABASE_PASSWORD": letters,
    # Identity numbers become tokens by it: with another one the same person would be somebody else.
    "BATON_IDENTITY_KEY": letters,
    # Seals the secrets of channels and subscribers in the database.
    "BATON_SECRETS_KEY": letters,
    # Signs each day's log of all orders.
    "BATON_TRACE_KEY": letters,
    "BATON_WMS__SECRET": webhook_secret,
    "BATON_TMS__SECRET": webhook_secret,
    "BATON_PAYMENTS__SECRET": webhook_secret,
    "BATON_ERP__SECRET": webhook_secret,
    "BATON_CRM__SECRET": webhook_secret,
    "BATON_CHANNEL__SECRET": webhook_secret,
    "BATON_INBOX__SECRET": webhook_secret,
}


def make_secrets(directory: Path) -> list[str]:
    """Write what is missing and answer its names."""
    # The folder is closed to others; its files are open to the accounts that containers run as.
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
        print(f"made {folder / made}")  # noqa: T201  It is what the person who runs it waits for.
