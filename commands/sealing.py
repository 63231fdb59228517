"""Secrets that lie open in the database, or are sealed with a key that was replaced, are sealed with today's."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.channel import ChannelAccountRow
from models.subscription import SubscriptionRow
from models.vault import each_secret, vault_of


def seal_all(session: Session) -> int:
    """Seal the secrets of every channel and subscriber anew; answers how many rows that were."""
    vault = vault_of(session)

    def anew(kept: str) -> str:
        return vault.seal(vault.read(kept))

    accounts = session.scalars(select(ChannelAccountRow).with_for_update()).all()
    for account in accounts:
        account.secret, account.settings = anew(account.secret), each_secret(account.settings, anew)
    subscriptions = session.scalars(select(SubscriptionRow).with_for_update()).all()
    for subscription in subscriptions:
        subscription.secret = anew(subscription.secret)
        subscription.former_secret = anew(subscription.former_secret or "") or None
    return len(accounts) + len(subscriptions)
