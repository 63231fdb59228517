"""Rights of the database role that API and workers use, if that is not the owner of the tables."""

from sqlalchemy import text
from sqlalchemy.orm import Session

LOGS = ("order_events", "event_seals", "trace_leaves", "trace_roots")
"""Append-only tables. A trigger enforces that for everybody, these grants also for a role that cannot drop triggers."""


def grant_to(session: Session, role: str) -> None:
    """Let the role read and write rows, but only add and read rows of the logs. Safe to run again.

    Raises ProgrammingError if the role does not exist, or if we may not grant.
    """
    name = session.get_bind().dialect.identifier_preparer.quote_identifier(role)
    for statement in (
        "GRANT USAGE ON SCHEMA public TO {0}",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {0}",
        "GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA public TO {0}",
        f"REVOKE UPDATE, DELETE, TRUNCATE ON {', '.join(LOGS)} FROM {{0}}",
        "REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {0}",
    ):
        session.execute(text(statement.format(name)))
