"""The advisory locks of PostgreSQL that Baton takes: their numbers stand in one place, so that no two are alike."""

from enum import IntEnum, unique

from sqlalchemy import func, select
from sqlalchemy.orm import Session


@unique
class Lock(IntEnum):
    """What one process does at a time, however many there are. The numbers are any, and stay."""

    MIGRATION = 4_221_974
    STOCK_SWEEP = 4_221_975
    SEALING = 4_221_976
    DEADLINE_SWEEP = 4_221_977
    SECOND_THOUGHTS = 4_221_978
    KEYS = 4_221_979
    SUBSCRIPTIONS = 4_221_981
    PROMISES = 4_221_980
    """With a number of the SKU: who waits for it is looked at once at a time."""


def alone(session: Session, lock: Lock) -> bool:
    """Whether the transaction has the lock now, until its end; who has not leaves the work to the one who has."""
    return bool(session.scalar(select(func.pg_try_advisory_xact_lock(int(lock)))))


def hold(session: Session, lock: Lock) -> None:
    """Wait for the lock and have it until the transaction ends."""
    session.execute(select(func.pg_advisory_xact_lock(int(lock))))
