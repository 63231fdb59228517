"""API keys, their roles, and the rights of each role."""

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
    """Reports across all channels: the ledger, purchase orders, alerts, and differences with partners."""
    SEE_PEOPLE = "people:read"
    PLACE = "place"
    PROMISE = "promise"
    """Ask what can be promised, and hold stock for a cart."""
    RECORD_PAST = "past_orders:write"
    """Take in past orders, with money booked by the channel's word."""
    CANCEL = "cancel"
    ASK_RETURN = "ask_return"
    EDIT = "edit"
    SHARE_LINK = "share_link"
    """To make and revoke links to the customer's page of an order."""
    NOTE = "note"
    """To write notes, tag, take and give back orders and cases."""
    WRITE_EXPORTS = "exports:write"
    """To have lists written to folders and servers."""
    BULK = "bulk"
    """To send one command for many; each command needs its own right too."""
    EDIT_ANY_AMOUNT = "edit_any_amount"
    """To make an edit that changes an order by more than the parameter `edit_limit`."""
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
    ISSUE_CREDITS = "credits:write"
    """To issue store credits and gift cards up to the parameter `credit_limit`."""
    ISSUE_ANY_CREDIT = "credits:any_amount"
    TELL_DISPUTE = "disputes:tell"
    """To say that a customer disputes a payment with the bank."""
    SETTLE = "settle"
    """To book what carriers, platforms and customers have paid."""
    WRITE_OFF = "write_off"
    """To give up what a customer owes by an invoice."""
    RECEIVE_RETURN = "receive_return"
    WRITE_REASONS = "reasons:write"


OPERATIONS = (Right.READ, Right.READ_OPERATIONS, Right.SEE_WORK, Right.SEE_WAVES)

RIGHTS: Mapping[Role, frozenset[Right]] = {
    Role.CHANNEL: frozenset(
        {
            *(Right.READ, Right.SEE_WORK, Right.SEE_PEOPLE),
            *(Right.PROMISE, Right.PLACE, Right.CANCEL, Right.EDIT, Right.ASK_RETURN, Right.SHARE_LINK),
            *(Right.TELL_DISPUTE, Right.SUBSCRIBE, Right.BULK),
        }
    ),
    Role.STAFF: frozenset(Right)
    - {Right.WRITE_EXPORTS, Right.WRITE_RULES, Right.EDIT_ANY_AMOUNT, Right.ISSUE_ANY_CREDIT, Right.WRITE_OFF},
    Role.VIEWER: frozenset({*OPERATIONS, Right.READ_RULES}),
    Role.STORE: frozenset({Right.SEE_WORK, Right.SEE_WAVES, Right.WORK_AT_LOCATION, Right.RECEIVE_RETURN}),
    Role.RULES: frozenset({*OPERATIONS, Right.RELEASE_HOLD, Right.BULK, Right.READ_RULES, Right.WRITE_RULES}),
    Role.ADMIN: frozenset(Right),
}


@dataclass(frozen=True, slots=True)
class Caller:
    """The holder of a key. A `channel` limits it to that channel, a `location` to work at that location.

    `name` is for people and may be reused when its key has ended; `key_id` is never reused.
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
        """True if names, phones, addresses and what customers wrote are shown in full."""
        return self.may(Right.SEE_PEOPLE)


def key_hash(key: str) -> str:
    """Return the hash under which a key is stored."""
    return sha256(key.encode()).hexdigest()


# Precise to a minute, and written by one process of the API at a time: none waits for another.
USED = text("""
    UPDATE api_keys SET last_used_at = now()
    WHERE key_id = (SELECT key_id FROM api_keys
                    WHERE key_id = :key_id AND coalesce(last_used_at < now() - interval '1 minute', true)
                    FOR UPDATE SKIP LOCKED)
""")


MAX_LOOKUPS = 1_000
"""Keys not yet known that may wait for their lookup."""


class TooManyLookups(Exception):
    """More unknown keys came than may wait for their lookup."""


class KeyRing:
    """Finds the caller of a key. A result is kept for `lifetime` seconds, so a revoked key may work that much longer.

    Keys that come while a query runs are looked up together by the next one: strangers with ever new keys cost one
    query at a time, and neither crowd out nor delay known keys.
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
        self._lookups: dict[str, asyncio.Future[Caller | None]] = {}
        self._looking_up: asyncio.Task[None] | None = None
        self._in_force: dict[str, tuple[float, bool]] = {}

    async def caller(self, key: str) -> Caller | None:
        """Return the caller; None for a key that is unknown, revoked or expired. Raises TooManyLookups."""
        hashed = key_hash(key)
        until, caller = self._found.get(hashed) or self._unknown.get(hashed, (0.0, None))
        return caller if self._now() < until else await self._look_up(hashed)

    async def in_force(self, caller: Caller) -> bool:
        """True while the key of a connected caller is valid; read once per key and `lifetime`."""
        until, found = self._in_force.get(caller.key_id, (0.0, False))
        if self._now() >= until:
            found = await to_thread.run_sync(self._is_in_force, caller.key_id)
            self._in_force = {key: kept for key, kept in self._in_force.items() if kept[0] > self._now()}
            self._in_force[caller.key_id] = (self._now() + self._lifetime, found)
        return found

    async def holder(self, key_id: str) -> Caller | None:
        """Return the holder of the key with this public id; None if it was revoked or has expired."""
        return await to_thread.run_sync(self._holder, key_id)

    async def _look_up(self, hashed: str) -> Caller | None:
        answer = self._lookups.get(hashed)
        if answer is None:
            if len(self._lookups) >= MAX_LOOKUPS and hashed not in self._found:
                raise TooManyLookups
            answer = self._lookups[hashed] = asyncio.get_running_loop().create_future()
            if self._looking_up is None:
                self._looking_up = asyncio.create_task(self._run_lookups())
        return await asyncio.shield(answer)

    async def _run_lookups(self) -> None:
        while self._lookups:
            batch, self._lookups = self._lookups, {}
            try:
                found = await to_thread.run_sync(self._read, list(batch))
            except Exception as error:
                for answer in batch.values():
                    answer.set_exception(error)
                    # Read it, since nobody may be waiting any more.
                    answer.exception()
                continue
            for hashed, answer in batch.items():
                self._keep(hashed, found.get(hashed))
                answer.set_result(found.get(hashed))
        self._looking_up = None

    def _keep(self, hashed: str, caller: Caller | None) -> None:
        self._found.pop(hashed, None)
        self._unknown.pop(hashed, None)
        kept: dict[str, Any] = self._found if caller else self._unknown
        # Unknown keys are kept as well, so the size is bounded: the oldest is dropped.
        while len(kept) >= self._size:
            del kept[next(iter(kept))]
        kept[hashed] = (self._now() + self._lifetime, caller)

    def _read(self, hashes: Sequence[str]) -> dict[str, Caller]:
        with self._sessions.begin() as session:
            rows = session.scalars(select(ApiKeyRow).where(ApiKeyRow.key_hash.in_(hashes), is_in_force())).all()
            for row in rows:
                session.execute(USED, {"key_id": row.key_id})
            return {row.key_hash: caller_of_key(row) for row in rows}

    def _holder(self, key_id: str) -> Caller | None:
        with self._sessions() as session:
            row = session.scalar(select(ApiKeyRow).where(ApiKeyRow.key_id == key_id, is_in_force()))
            return None if row is None else caller_of_key(row)

    def _is_in_force(self, key_id: str) -> bool:
        with self._sessions() as session:
            return session.scalar(select(ApiKeyRow.key_id).where(ApiKeyRow.key_id == key_id, is_in_force())) is not None


def caller_of_key(row: ApiKeyRow) -> Caller:
    # A store's key from before keys had locations works nowhere, rather than everywhere.
    location = row.location or "" if row.role == Role.STORE else None
    return Caller(row.key_id, row.name, Role(row.role), row.channel, location)
