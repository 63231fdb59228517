"""Who calls: API keys, their roles and what each role may do."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

from anyio import to_thread
from sqlalchemy import select

from models.access import ApiKeyRow
from models.database import Sessions


class Role(StrEnum):
    CHANNEL = "channel"
    STAFF = "staff"
    VIEWER = "viewer"
    STORE = "store"
    RULES = "rules"
    ADMIN = "admin"


class Right(StrEnum):
    READ = "read"
    SEE_WORK = "work:read"
    SEE_PEOPLE = "people:read"
    PLACE = "place"
    CANCEL = "cancel"
    ASK_RETURN = "ask_return"
    RELEASE_HOLD = "release_hold"
    RETRY_INTAKE = "retry_intake"
    UNMERGE = "unmerge"
    FORCE = "force"
    REJECT = "reject"
    KEEP_STOCK = "keep_stock"
    DECIDE_SHORTAGE = "decide_shortage"
    STEER_PARCELS = "steer_parcels"
    PRINT_LABEL = "print_label"
    VOID_SHIPMENT = "void_shipment"
    WORK_AT_LOCATION = "work_at_location"
    READ_RULES = "rules:read"
    WRITE_RULES = "rules:write"
    WRITE_LISTINGS = "listings:write"
    SUBSCRIBE = "subscribe"
    REDELIVER = "redeliver"
    DECIDE_RETURN = "decide_return"
    READ_CREDITS = "credits:read"
    RECEIVE_RETURN = "receive_return"
    WRITE_REASONS = "reasons:write"


RIGHTS: Mapping[Role, frozenset[Right]] = {
    Role.CHANNEL: frozenset(
        {
            *(Right.READ, Right.SEE_WORK, Right.SEE_PEOPLE),
            *(Right.PLACE, Right.CANCEL, Right.ASK_RETURN, Right.SUBSCRIBE),
        }
    ),
    Role.STAFF: frozenset(Right) - {Right.WRITE_RULES},
    Role.VIEWER: frozenset({Right.READ, Right.SEE_WORK, Right.READ_RULES}),
    Role.STORE: frozenset({Right.SEE_WORK, Right.WORK_AT_LOCATION}),
    Role.RULES: frozenset({Right.READ, Right.SEE_WORK, Right.RELEASE_HOLD, Right.READ_RULES, Right.WRITE_RULES}),
    Role.ADMIN: frozenset(Right),
}


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose key it is. A caller with a `channel` sees and does only what is of that channel, and one with a `location`
    only what is worked on there."""

    name: str
    role: Role
    channel: str | None
    location: str | None = None

    def may(self, right: Right) -> bool:
        return right in RIGHTS[self.role]

    def sees(self, channel: str) -> bool:
        return self.channel is None or self.channel == channel

    def works_at(self, location_id: str) -> bool:
        return self.location is None or self.location == location_id

    @property
    def sees_people(self) -> bool:
        """Whether names, phones, addresses and what customers wrote are shown in full."""
        return self.may(Right.SEE_PEOPLE)


def key_hash(key: str) -> str:
    """What is stored of a key."""
    return sha256(key.encode()).hexdigest()


class KeyRing:
    """Finds the caller of a key. What it found counts for `lifetime` seconds, so a revoked key ends that late."""

    def __init__(
        self, sessions: Sessions, lifetime: float = 30.0, size: int = 10_000, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._sessions = sessions
        self._lifetime = lifetime
        self._size = size
        self._now = now
        self._found: dict[str, tuple[float, Caller | None]] = {}

    async def caller(self, key: str) -> Caller | None:
        """None for a key that nobody has or that was revoked."""
        hashed = key_hash(key)
        until, caller = self._found.get(hashed, (0.0, None))
        return caller if self._now() < until else await self._look_up(hashed)

    async def _look_up(self, hashed: str) -> Caller | None:
        caller = await to_thread.run_sync(self._read, hashed)
        self._found.pop(hashed, None)
        # Unknown keys are remembered as well, so the size is bounded: the oldest makes room.
        while len(self._found) >= self._size:
            del self._found[next(iter(self._found))]
        self._found[hashed] = (self._now() + self._lifetime, caller)
        return caller

    def _read(self, hashed: str) -> Caller | None:
        with self._sessions() as session:
            row = session.scalar(select(ApiKeyRow).where(ApiKeyRow.key_hash == hashed, ApiKeyRow.revoked_at.is_(None)))
        return _caller(row) if row else None


def _caller(row: ApiKeyRow) -> Caller:
    # The key of a store from before keys had locations works nowhere, rather than everywhere.
    location = row.location or "" if row.role == Role.STORE else None
    return Caller(row.name, Role(row.role), row.channel, location)
