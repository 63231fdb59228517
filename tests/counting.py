"""Counts the statements and transactions that PostgreSQL is sent."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from models.database import Sessions


@contextmanager
def statements_of(sessions: Sessions) -> Iterator[list[str]]:
    """Collect each statement as it is sent to PostgreSQL."""
    sent: list[str] = []

    def remember(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    engine = sessions.kw["bind"]
    event.listen(engine, "before_cursor_execute", remember)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", remember)
