"""The hash chain of an order's log: each fact is hashed together with the hash before it, so that no fact can be
changed, removed, added or moved without changing all later hashes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any

import rfc8785

FIRST = b""
"""The hash before the first fact of an order."""
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)")
EXACT = 2**53
"""Integers from here on are not exact in JSON (RFC 8785), so they are written as text."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One row of an order's log: what happened, when, by whom, and from which step or message (`key`)."""

    event_id: int
    order_id: str
    at: datetime
    type: str
    key: str
    actor: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Day:
    """The signed statement of one day: the root of the Merkle tree over its orders, and the root of the day before."""

    day: date
    orders: int
    root: bytes
    previous: bytes

    @property
    def statement(self) -> bytes:
        """The bytes that are signed."""
        return rfc8785.dumps(
            {
                "day": self.day.isoformat(),
                "orders": self.orders,
                "root": self.root.hex(),
                "previous": self.previous.hex(),
            }
        )


def link(previous: bytes, fact: Fact) -> bytes:
    """SHA-256 (32 bytes) of a fact and of `previous`, the hash of the fact before it."""
    return sha256(previous + canonical(fact)).digest()


def canonical(fact: Fact) -> bytes:
    """The canonical bytes of a fact: independent of the order of keys, the form of numbers and the offset of times.

    Source: RFC 8785. All times, also those within texts of the data, are written in UTC with microseconds.
    """
    return rfc8785.dumps(
        {
            "event_id": fact.event_id,
            "order_id": fact.order_id,
            "at": _utc(fact.at),
            "type": fact.type,
            "key": fact.key,
            "actor": fact.actor,
            "data": _plain(fact.data),
        }
    )


def leaf(order_id: str, position: int, head: bytes) -> bytes:
    """The leaf of one order in a day's tree: how many facts it had by then, and the hash of the last one."""
    return rfc8785.dumps({"order_id": order_id, "facts": position, "head": head.hex()})


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, str) and TIME.fullmatch(value):
        try:
            return _utc(datetime.fromisoformat(value))
        # It only looks like a time, or its year does not exist in UTC: keep it as text.
        except (ValueError, OverflowError):
            return value
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= EXACT:
        return str(value)
    return value


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
