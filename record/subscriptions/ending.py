"""End subscriptions whose API key was revoked or has expired."""

from sqlalchemy import text
from sqlalchemy.orm import Session

END = text("""
    UPDATE subscriptions AS s SET active = false, disabled_because = 'its key was revoked or has expired'
    FROM api_keys k
    WHERE k.key_id = s.key_id AND s.active AND (k.revoked_at IS NOT NULL OR k.expires_at <= now())
      AND (CAST(:subscription_id AS text) IS NULL OR s.subscription_id = :subscription_id)
""")


def end_with_keys(session: Session, subscription_id: str | None = None) -> None:
    """Disable this subscription, or all, if its key has ended."""
    session.execute(END, {"subscription_id": subscription_id})
