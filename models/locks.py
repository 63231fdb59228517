"""Every advisory lock of PostgreSQL that Baton takes, so that no two jobs share a number by accident."""

from collections.abc import Collection
from enum import IntEnum, unique
from typing import Any

from sqlalchemy import ARRAY, Select, Text, bindparam, func, select, text
from sqlalchemy.orm import Session

from models.prepared import prepared


@unique
class Lock(IntEnum):
    """Jobs that one process does at a time, however many there are. A number means nothing but must never change:
    the old and the new version run side by side during a release."""

    MIGRATION = 4_221_974
    STOCK_SWEEP = 4_221_975
    SEALING = 4_221_976
    DEADLINE_SWEEP = 4_221_977
    SECOND_THOUGHTS = 4_221_978
    KEYS = 4_221_979
    INVOICES = 4_221_982
    SUBSCRIPTIONS = 4_221_981
    RENEWALS = 4_221_983
    UNANSWERED = 4_221_984
    EXPORTS = 4_221_985
    PROMISES = 4_221_980
    """Taken with a hash of the SKU as its second number: see `lock_skus`."""


@unique
class NamedLock(IntEnum):
    """Kinds of things that are locked one by one. The lock's number is a 64-bit hash of the thing's name, and this is
    the seed of the hash, so that a count and a buyer of the same name do not wait for each other."""

    STOCK_COUNT = 0
    IMPORT_BUYER = 26_000
    REMITTANCE = 18_000
    CREDIT = 19_000
    PROMISE_HOLDER = 54_000
    CREDIT_ISSUE = 18_001
    SHARED_PAYMENT = 18_002


_PATIENCE = func.set_config(
    "lock_timeout", func.coalesce(bindparam("patience", type_=Text), func.current_setting("lock_timeout")), True
)
_TRY = prepared(select(func.pg_try_advisory_xact_lock(bindparam("number"))))
_LOCK_NAMED = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, :seed))")
# In the order of their numbers, so that two transactions never wait for each other.
_LOCK_ALL_NAMED = text("""
    SELECT pg_advisory_xact_lock(number) FROM (
        SELECT DISTINCT hashtextextended(name, :seed) AS number FROM unnest(:names) AS name ORDER BY number) AS numbers
""").bindparams(bindparam("names", type_=ARRAY(Text)))
_LOCK_SKUS = text("""
    SELECT pg_advisory_xact_lock(:promises, number)
    FROM (SELECT DISTINCT hashtext(sku) AS number FROM unnest(:skus) AS sku ORDER BY number) AS numbers
""").bindparams(bindparam("skus", type_=ARRAY(Text)))


def try_lock(session: Session, lock: Lock) -> bool:
    """True if this transaction holds the lock until it ends; on False another process is doing the work."""
    return bool(session.scalar(_TRY, {"number": int(lock)}))


def wait_for_lock(session: Session, lock: Lock) -> None:
    """Wait for the lock and hold it until the transaction ends."""
    session.execute(select(func.pg_advisory_xact_lock(int(lock))))


def lock_named(session: Session, kind: NamedLock, name: str) -> None:
    """Wait for the lock of one thing and hold it until the transaction ends."""
    session.execute(_LOCK_NAMED, {"name": name, "seed": int(kind)})


def lock_all_named(session: Session, kind: NamedLock, names: Collection[str]) -> None:
    """As `lock_named` for many things at once."""
    session.execute(_LOCK_ALL_NAMED, {"names": list(names), "seed": int(kind)})


def with_patience(read: Select[Any]) -> Select[Any]:
    """Let this statement, and the rest of the transaction, wait for a lock no longer than the parameter `patience`,
    such as `1s`. None keeps the database's setting."""
    return read.where(select(_PATIENCE).scalar_subquery().is_not(None))


def lock_skus(session: Session, skus: Collection[str]) -> None:
    """Wait for the promises of these SKUs and hold them until the transaction ends: one transaction at a time promises
    arrivals of a SKU."""
    session.execute(_LOCK_SKUS, {"promises": int(Lock.PROMISES), "skus": sorted(skus)})
