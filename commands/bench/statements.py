"""Counts the blocks that each statement reads, by an EXPLAIN before it is executed, and finds those that read more."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Lock
from typing import Any

import psycopg2
from sqlalchemy import Connection, Engine, event

from models.prepared import executed_as

EXPLAINED = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b", re.IGNORECASE)
NOT_OURS = re.compile(r"\bpg_(catalog|stat|locks|class|namespace)|kept\.bring_back|alembic_version")
LIST = re.compile(r"\((%\(\w+\)s(?:::\w+)?(?:, )?)+\)(?:, \((%\(\w+\)s(?:::\w+)?(?:, )?)+\))*")
PARAMETER = re.compile(r"%\(\w+\)s")
EXPLAIN = "EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) "
FEW_BLOCKS = 128
"""A statement that reads no more than this (1 megabyte) is ignored: writing one order touches thirty indexes, each of
which grows a level deeper now and then."""
MAX_FACTOR = 2


@dataclass(frozen=True)
class Explained:
    """The most that a statement read at once, in blocks of 8 kB."""

    statement: str
    blocks: int


@dataclass(frozen=True)
class Growth:
    """A statement and the blocks that it read after few orders and after many."""

    statement: str
    few: int
    many: int


class Statements:
    """The most that each statement read, whatever its parameters; `on_more` is called whenever one reads more."""

    def __init__(self, on_more: Callable[[Explained], object]) -> None:
        self.most: dict[str, Explained] = {}
        self._on_more = on_more
        self._guard = Lock()

    def note(self, statement: str, plan: Mapping[str, Any]) -> None:
        name, blocks = _name(statement), _blocks(plan)
        with self._guard:
            if name not in self.most or self.most[name].blocks < blocks:
                self.most[name] = Explained(name, blocks)
                self._on_more(self.most[name])


@contextmanager
def explaining(on_more: Callable[[Explained], object] = lambda most: None) -> Iterator[Statements]:
    """Explain each statement in its own transaction, with its own parameters, and roll the explanation back."""
    found = Statements(on_more)

    def explain(
        connection: Connection, cursor: Any, statement: str, parameters: Any, context: Any, executemany: bool
    ) -> None:
        if not EXPLAINED.match(statement) or NOT_OURS.search(statement):
            return
        values = parameters[0] if isinstance(parameters, list) else parameters
        plan = _explain(cursor.connection, statement, values, context)
        if plan and _blocks(plan) > FEW_BLOCKS:
            # A connection that meets a table first reads the catalog about all of its indexes.
            plan = min((plan, _explain(cursor.connection, statement, values, context) or plan), key=_blocks)
        if plan:
            found.note(statement, plan)

    event.listen(Engine, "before_cursor_execute", explain)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", explain)


def grown(few: Mapping[str, Explained], many: Mapping[str, Explained]) -> list[Growth]:
    """Return the statements that read more than MAX_FACTOR times as much after many orders, the worst first.

    One that ran after many orders only is compared with FEW_BLOCKS.
    """
    found = [Growth(name, few[name].blocks if name in few else 0, most.blocks) for name, most in many.items()]
    too_much = [one for one in found if one.many > max(FEW_BLOCKS, MAX_FACTOR * one.few)]
    return sorted(too_much, key=lambda one: one.few - one.many)


def _explain(connection: Any, statement: str, parameters: Any, context: Any) -> Mapping[str, Any] | None:
    """The plan of the statement, for any values if it is prepared. None if it fails; then it fails again when it is
    executed."""
    begin, end = ("BEGIN", "ROLLBACK") if connection.autocommit else ("SAVEPOINT explained", "ROLLBACK TO explained")
    with connection.cursor() as cursor:
        cursor.execute(begin)
        try:
            cursor.execute(EXPLAIN + (executed_as(cursor, statement, parameters, context) or statement), parameters)
            plan: Mapping[str, Any] = cursor.fetchone()[0][0]["Plan"]
        except psycopg2.Error:
            return None
        finally:
            with suppress(psycopg2.InterfaceError):
                cursor.execute(end)
    return plan


def _blocks(plan: Mapping[str, Any]) -> int:
    return sum(plan.get(kind, 0) for kind in ("Shared Hit Blocks", "Shared Read Blocks", "Temp Read Blocks"))


def _name(statement: str) -> str:
    return " ".join(PARAMETER.sub("?", LIST.sub("(...)", statement)).split())
