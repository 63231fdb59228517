"""The secrets that messages to subscribers are signed with."""

import secrets
from base64 import b64encode
from datetime import UTC, datetime, timedelta

from models.subscription import SubscriptionRow


def new_secret() -> str:
    """32 random bytes in the form of Standard Webhooks."""
    return f"whsec_{b64encode(secrets.token_bytes(32)).decode()}"


def rotate(subscription: SubscriptionRow, overlap_seconds: int) -> None:
    """Give it a new secret; the one before signs too for a time."""
    subscription.former_secret = subscription.secret
    subscription.former_until = datetime.now(UTC) + timedelta(seconds=overlap_seconds)
    subscription.secret = new_secret()


def signing_secrets(subscription: SubscriptionRow) -> list[str]:
    """The secrets that count now, the new one first."""
    former, until = subscription.former_secret, subscription.former_until
    still = [former] if former and until and until > datetime.now(UTC) else []
    return [subscription.secret, *still]
