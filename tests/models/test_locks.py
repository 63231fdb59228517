"""Advisory locks: their numbers are in models/locks.py and nowhere else."""

from pathlib import Path

from sqlalchemy.orm import Session

from models.database import Sessions
from models.locks import Lock, NamedLock, lock_named, lock_skus, try_lock

ROOT = Path(__file__).parents[2]
ROOMS = ("activities", "api", "commands", "embedded", "models", "record", "relay", "workflows")
# A migration locks for its session rather than for a transaction, with the number of Lock.MIGRATION.
ALLOWED = {"models/locks.py", "models/schema.py"}


def test_only_the_table_of_locks_asks_postgresql_for_an_advisory_lock() -> None:
    sources = [path for room in ROOMS for path in (ROOT / room).rglob("*.py") if path.parent.name != "versions"]

    asking = {str(path.relative_to(ROOT)) for path in sources if "advisory_" in path.read_text(encoding="utf-8")}

    assert asking == ALLOWED


def test_one_transaction_at_a_time_holds_a_lock(sessions: Sessions) -> None:
    with sessions.begin() as first:
        assert try_lock(first, Lock.STOCK_SWEEP)

        with sessions.begin() as second:
            assert not try_lock(second, Lock.STOCK_SWEEP)
            assert try_lock(second, Lock.SEALING)

    with sessions.begin() as later:
        assert try_lock(later, Lock.STOCK_SWEEP)


def test_things_of_two_kinds_with_one_name_do_not_wait_for_each_other(sessions: Sessions) -> None:
    with sessions.begin() as first, sessions.begin() as second:
        for session in (first, second):
            _give_up_soon(session)
        lock_named(first, NamedLock.STOCK_COUNT, "C-1001")
        lock_named(second, NamedLock.IMPORT_BUYER, "C-1001")
        lock_skus(first, ["ELEGANT-LAMP"])
        lock_skus(second, ["OAK-STOOL"])


def _give_up_soon(session: Session) -> None:
    session.connection().exec_driver_sql("SET LOCAL lock_timeout = '2s'")
