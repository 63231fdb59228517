"""Accounts at channels, which every message needs, cached for a few seconds."""

import time
from collections.abc import Callable
from contextlib import suppress

from models.database import Sessions
from record.channels.accounts import Account, find_account

LIFETIME_SECONDS = 3.0


class AccountCache:
    """Accounts by channel, each read again after `lifetime` seconds. Threads may share it: all write the same."""

    def __init__(
        self, sessions: Sessions, lifetime: float = LIFETIME_SECONDS, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._sessions = sessions
        self._lifetime = lifetime
        self._now = now
        self._known: dict[str, tuple[float, Account | None]] = {}

    def of(self, channel: str) -> Account | None:
        """Return the channel's account; None if it has none or its secrets can no longer be decrypted."""
        fresh_until, account = self._known.get(channel, (0.0, None))
        if self._now() >= fresh_until:
            account = None
            with suppress(ValueError, TypeError):
                account = find_account(self._sessions, channel)
            self._known[channel] = (self._now() + self._lifetime, account)
        return account
