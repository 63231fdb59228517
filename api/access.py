"""Who calls: API keys, their roles and what each role may do."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Any

from anyio import to_thread
from sqlalchemy import select, text

from models.access import ApiKeyRow, is_in_force
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
    SEE_WAVES = "waves:read"
    READ_OPERATIONS = "operations:read"
    """What is of all channels at once: the ledger, purchases, alerts, and where books differ."""
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


OPERATIONS = (Right.READ, Right.READ_OPERATIONS, Right.SEE_WORK, Right.SEE_WAVES)

RIGHTS: Mapping[Role, frozenset[Right]] = {
    Role.CHANNEL: frozenset(
        {
            *(Right.READ, Right.SEE_WORK, Right.SEE_PEOPLE),
            *(Right.PLACE, Right.CANCEL, Right.ASK_RETURN, Right.SUBSCRIBE),
        }
    ),
    Role.STAFF: frozenset(Right) - {Right.WRITE_RULES},
    Role.VIEWER: frozenset({*OPERATIONS, Right.READ_RULES}),
    Role.STORE: frozenset({Right.SEE_WORK, Right.SEE_WAVES, Right.WORK_AT_LOCATION}),
    Role.RULES: frozenset({*OPERATIONS, Right.RELEASE_HOLD, Right.READ_RULES, Right.WRITE_RULES}),
    Role.ADMIN: frozenset(Right),
}


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose key it is. A caller with a `channel` sees and does only what is of that channel, and one with a `location`
    only what is worked on there.

    `name` is for people and may be given again when its key has ended; `key_id` is never another's.
    """

    key_id: str
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


# To the minute, and by one process of the API at a time: none waits for another.
USED = text("""
    UPDATE api_keys SET last_used_at = now()
    WHERE key_id = (SELECT key_id FROM api_keys
                    WHERE key_id = :key_id AND coalesce(last_used_at < now() - interval '1 minute', true)
                    FOR UPDATE SKIP LOCKED)
""")


MOST_ASKED = 1_000
"""Keys of which nothing is known that may wait to be looked up."""


class TooManyAsked(Exception):
    """More keys that nobody knows came than are looked up together."""


class KeyRing:
    """Finds the caller of a key. What it found counts for `lifetime` seconds, so a revoked key ends that late.

    All keys that come while the database is asked are asked for together, next: strangers with ever new keys cost one
    query at a time, and neither crowd out nor hold up the keys that are known.
    """

    def __init__(
        self, sessions: Sessions, lifetime: float = 30.0, size: int = 10_000, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._sessions = sessions
        self._lifetime = lifetime
        self._size = size
        self._now = now
        self._found: dict[str, tuple[float, Caller | None]] = {}
        self._unknown: dict[str, tuple[float, None]] = {}
        self._asked: dict[str, asyncio.Future[Caller | None]] = {}
        self._asking: asyncio.Task[None] | None = None
        self._in_force: dict[str, tuple[float, bool]] = {}

    async def caller(self, key: str) -> Caller | None:
        """None for a key that nobody has or that was revoked."""
        hashed = key_hash(key)
        until, caller = self._found.get(hashed) or self._unknown.get(hashed, (0.0, None))
        return caller if self._now() < until else await self._look_up(hashed)

    async def in_force(self, caller: Caller) -> bool:
        """Whether the key of somebody who is still connected counts; asked once a `lifetime` by key."""
        until, found = self._in_force.get(caller.key_id, (0.0, False))
        if self._now() >= until:
            found = await to_thread.run_sync(self._is_in_force, caller.key_id)
            self._in_force = {key: kept for key, kept in self._in_force.items() if kept[0] > self._now()}
            self._in_force[caller.key_id] = (self._now() + self._lifetime, found)
        return found

    async def _look_up(self, hashed: str) -> Caller | None:
        answer = self._asked.get(hashed)
        if answer is None:
            if len(self._asked) >= MOST_ASKED and hashed not in self._found:
                raise TooManyAsked
            answer = self._asked[hashed] = asyncio.get_running_loop().create_future()
            if self._asking is None:
                self._asking = asyncio.create_task(self._ask())
        return await asyncio.shield(answer)

    async def _ask(self) -> None:
        while self._asked:
            asked, self._asked = self._asked, {}
            try:
                found = await to_thread.run_sync(self._read, list(asked))
            except Exception as trouble:
                for answer in asked.values():
                    answer.set_exception(trouble)
                    # Nobody may be waiting any more.
                    answer.exception()
                continue
            for hashed, answer in asked.items():
                self._keep(hashed, found.get(hashed))
                answer.set_result(found.get(hashed))
        self._asking = None

    def _keep(self, hashed: str, caller: Caller | None) -> None:
        self._found.pop(hashed, None)
        self._unknown.pop(hashed, None)
        kept: dict[str, Any] = self._found if caller else self._unknown
        # Unknown keys are remembered as well, so the size is bounded: the oldest makes room.
        while len(kept) >= self._size:
            del kept[next(iter(kept))]
        kept[hashed] = (self._now() + self._lifetime, caller)

    def _read(self, hashes: Sequence[str]) -> dict[str, Caller]:
        with self._sessions.begin() as session:
            rows = session.scalars(select(ApiKeyRow).where(ApiKeyRow.key_hash.in_(hashes), is_in_force())).all()
            for row in rows:
                session.execute(USED, {"key_id": row.key_id})
            return {row.key_hash: _caller(row) for row in rows}

    def _is_in_force(self, key_id: str) -> bool:
        with self._sessions() as session:
            return session.scalar(select(ApiKeyRow.key_id).where(ApiKeyRow.key_id == key_id, is_in_force())) is not None


def _caller(row: ApiKeyRow) -> Caller:
    # The key of a store from before keys had locations works nowhere, rather than everywhere.
    location = row.location or "" if row.role == Role.STORE else None
    return Caller(row.key_id, row.name, Role(row.role), row.channel, location)
