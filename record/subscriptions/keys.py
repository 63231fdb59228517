"""The secrets that sign deliveries to subscribers."""

import secrets
from base64 import b64encode
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from models.subscription import SubscriptionRow
from models.vault import vault_of


def new_secret() -> str:
    """Return 32 random bytes as a Standard Webhooks secret."""
    return f"whsec_{b64encode(secrets.token_bytes(32)).decode()}"


def rotate(session: Session, subscription: SubscriptionRow, overlap_seconds: int) -> str:
    """Set and return a new secret. The former one also signs for `overlap_seconds`."""
    subscription.former_secret = subscription.secret
    subscription.former_until = datetime.now(UTC) + timedelta(seconds=overlap_seconds)
    secret = new_secret()
    subscription.secret = vault_of(session).seal(secret)
    return secret


def signing_secrets(session: Session, subscription: SubscriptionRow) -> list[str]:
    """Return the secrets valid now, the new one first."""
    former, until = subscription.former_secret, subscription.former_until
    still = [former] if former and until and until > datetime.now(UTC) else []
    return [vault_of(session).read(kept) for kept in (subscription.secret, *still)]
