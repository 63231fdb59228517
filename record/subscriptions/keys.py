"""The secrets that messages to subscribers are signed with."""

import secrets
from base64 import b64encode
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from models.subscription import SubscriptionRow
from models.vault import vault_of


def new_secret() -> str:
    """32 random bytes in the form of Standard Webhooks."""
    return f"whsec_{b64encode(secrets.token_bytes(32)).decode()}"


def rotate(session: Session, subscription: SubscriptionRow, overlap_seconds: int) -> str:
    """Give it a new secret and answer it; the one before signs too for a time."""
    subscription.former_secret = subscription.secret
    subscription.former_until = datetime.now(UTC) + timedelta(seconds=overlap_seconds)
    secret = new_secret()
    subscription.secret = vault_of(session).seal(secret)
    return secret


def signing_secrets(session: Session, subscription: SubscriptionRow) -> list[str]:
    """The secrets that count now, the new one first."""
    former, until = subscription.former_secret, subscription.former_until
    still = [former] if former and until and until > datetime.now(UTC) else []
    return [vault_of(session).read(kept) for kept in (subscription.secret, *still)]
