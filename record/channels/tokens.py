"""Tokens of platforms: renewed before they end, once for all processes, and kept in the account's sealed settings."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.errors import AccessRefused, Refusal, TokenExpired
from integrations.access.registry import RENEWERS, page_of
from integrations.access.settings import AccessSettings
from models.channel import ChannelAccountRow
from models.database import Sessions
from models.pull import ChannelPullRow
from models.vault import each_secret, vault_of
from record.channels.accounts import Account, account_of

MARGIN = timedelta(minutes=10)
"""How long before its end a token is renewed."""
AGAIN_AFTER = timedelta(minutes=5)
"""How long a platform that has refused is not asked again."""
NOT_ALLOWED = "not_allowed"


@dataclass(frozen=True, slots=True)
class LostAccount:
    """An account that its platform no longer lets in, since when, why, and the page where a person permits it again."""

    channel: str
    since: datetime | None
    reason: str
    page: str


def with_fresh_token(sessions: Sessions, account: Account, refusal: type[Refusal]) -> Account:
    """Return the account with a token that has not ended. Raises the `refusal` if the platform gives none, and
    PartnerTrouble."""
    if account.access is None or not _is_due(account.access, datetime.now(UTC)):
        return account
    with sessions.begin() as session:
        # Two processes that find the same token at its end renew it once: the second sees what the first has written.
        row = session.get_one(ChannelAccountRow, account.channel, with_for_update=True)
        current = account_of(session, row)
        access, now = current.access, datetime.now(UTC)
        if access is None or not _is_due(access, now):
            return current
        if access.refused_at is not None and now - access.refused_at < AGAIN_AFTER:
            raise refusal(NOT_ALLOWED)
        try:
            grant = RENEWERS[current.name](access)
        except AccessRefused as refused:
            reason = refused.code
            changes: dict[str, Any] = {"refused": reason, "refused_at": (access.refused_at or now).isoformat()}
            _write(session, row, changes)
        else:
            reason = ""
            changes = {"token": grant.token, "expires_at": (now + grant.lasts).isoformat()}
            changes |= {"refresh_token": grant.refresh_token} if grant.refresh_token else {}
            _write(session, row, changes | {"refused": "", "refused_at": None})
            current = account_of(session, row)
    if reason:
        raise refusal(NOT_ALLOWED)
    return current


@contextmanager
def using_token(sessions: Sessions, account: Account) -> Iterator[None]:
    """Have the token renewed before the next call if the platform says in this one that it has ended."""
    try:
        yield
    except TokenExpired:
        with sessions.begin() as session:
            row = session.get_one(ChannelAccountRow, account.channel, with_for_update=True)
            now = account_of(session, row).access
            # One that was renewed meanwhile is still good.
            if now is not None and account.access is not None and now.token == account.access.token:
                _write(session, row, {"expires_at": datetime.now(UTC).isoformat()})
        raise


def lost_accounts(session: Session, channel: str | None = None) -> list[LostAccount]:
    """Return the accounts that a person must permit again, of one channel if it is named."""
    rows = select(ChannelAccountRow, ChannelPullRow).outerjoin(
        ChannelPullRow, ChannelPullRow.channel == ChannelAccountRow.channel
    )
    if channel is not None:
        rows = rows.where(ChannelAccountRow.channel == channel)
    lost = []
    for row, pull in session.execute(rows.order_by(ChannelAccountRow.channel)):
        access = row.settings.get("access") or {}
        refused = access.get("refused") or (NOT_ALLOWED if pull is not None and pull.last_error == NOT_ALLOWED else "")
        if refused:
            since = access.get("refused_at")
            at = datetime.fromisoformat(since) if since else pull.ran_at if pull is not None else None
            lost.append(LostAccount(row.channel, at, refused, page_of(row.translator, access.get("link", ""))))
    return lost


def _is_due(access: AccessSettings, now: datetime) -> bool:
    if not access.token.get_secret_value():
        return True
    return access.expires_at is not None and access.expires_at - MARGIN <= now


def _write(session: Session, row: ChannelAccountRow, changes: dict[str, Any]) -> None:
    sealed = each_secret(changes, vault_of(session).seal)
    row.settings = {**row.settings, "access": {**row.settings["access"], **sealed}}
