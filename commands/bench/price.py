"""What an order asks of Temporal, PostgreSQL and HTTP: counted, not timed."""

import asyncio
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine, text

from commands.bench.counting import read_counts
from commands.bench.side import Side
from embedded.services import Service
from embedded.stack import Stack

IDLE_SECONDS = 5.0
"""As long as the longest usual pause of the relay's jobs (relay/carry.py)."""

WAL = text("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')")
TABLES = text("SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'")
SIZE = text("""
    SELECT sum(pg_total_relation_size(oid)) FROM pg_class
    WHERE relkind = 'r' AND relnamespace = CAST('public' AS regnamespace)
""")


@dataclass(frozen=True)
class Price:
    """The mean of all orders; the statements of the same processes while they are idle are subtracted.

    `upserts` are those of search attributes after the start. `transactions` were committed; `read_transactions` only
    read, and were rolled back. `http_calls` are those of Baton to partners and of partners to Baton. `wal_bytes` are
    those of the server, its own housekeeping included. `table_bytes` is what an order adds to tables and indexes when
    both are compact.
    """

    history_events: float
    history_bytes: float
    workflow_tasks: float
    activities: float
    local_activities: float
    signals: float
    timers: float
    upserts: float
    sql_statements: float
    transactions: float
    read_transactions: float
    http_calls: float
    wal_bytes: float
    table_bytes: float


class CountingStack(Stack):
    """Its API, workers and simulators count what they ask of others, which costs a thousandth of their CPU."""

    def _api(self) -> Service:
        return self._counting(super()._api())

    def _simulators(self) -> Service:
        return self._counting(super()._simulators())

    def _workers(self) -> list[Service]:
        return [self._counting(service) for service in super()._workers()]

    def _counting(self, service: Service) -> Service:
        module = service.command[service.command.index("-m") + 1 :]
        directory = counts_of(self)
        directory.mkdir(exist_ok=True)
        service.command = [sys.executable, "-m", "commands.bench.counting", str(directory), *module]
        return service


def counts_of(stack: Stack) -> Path:
    return stack.data_dir / "counts"


class Meter:
    """Reads what has been asked so far."""

    def __init__(self, stack: Stack, engine: Engine) -> None:
        self._directory = counts_of(stack)
        self._engine = engine
        self._idle: dict[str, float] = {}

    def read(self) -> dict[str, float]:
        with self._connect() as connection:
            return {**read_counts(self._directory), "wal_bytes": float(connection.scalar(WAL) or 0)}

    async def look_at_idle(self) -> None:
        """Read what is asked a second while nothing happens."""
        began, before = time.perf_counter(), read_counts(self._directory)
        await asyncio.sleep(IDLE_SECONDS)
        seconds = time.perf_counter() - began
        self._idle = {name: (count - before[name]) / seconds for name, count in read_counts(self._directory).items()}

    def asked_by(self, side: Side) -> dict[str, float]:
        """What each of the side's orders has asked for, in the mean."""
        return {
            name: round((asked - self._idle.get(name, 0) * side.watched_seconds) / side.done, 2)
            for name, asked in side.asked.items()
        }

    def compact_size(self) -> int:
        """The bytes of all tables and indexes, after a full vacuum."""
        with self._connect() as connection:
            connection.execute(text("SET statement_timeout = 0"))
            for table in connection.scalars(TABLES).all():
                connection.execute(text(f"VACUUM FULL {table}"))
            return int(connection.scalar(SIZE) or 0)

    def _connect(self) -> Connection:
        return self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
