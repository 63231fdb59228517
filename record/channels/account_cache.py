"""Accounts at channels as a worker reads them for every message: rarely, and never many seconds late."""

import time
from collections.abc import Callable
from contextlib import suppress

from models.database import Sessions
from record.channels.accounts import Account, find_account

LIFETIME_SECONDS = 3.0


class AccountCache:
    """Several threads may share it: what they write is the same."""

    def __init__(
        self, sessions: Sessions, lifetime: float = LIFETIME_SECONDS, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._sessions = sessions
        self._lifetime = lifetime
        self._now = now
        self._known: dict[str, tuple[float, Account | None]] = {}

    def of(self, channel: str) -> Account | None:
        """The channel's account; None where it has none, or one that can no longer be read."""
        fresh_until, account = self._known.get(channel, (0.0, None))
        if self._now() >= fresh_until:
            account = None
            with suppress(ValueError, TypeError):
                account = find_account(self._sessions, channel)
            self._known[channel] = (self._now() + self._lifetime, account)
        return account
