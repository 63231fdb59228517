"""What the role may do that API and workers run as, where it is not the one that owns the tables."""

from sqlalchemy import text
from sqlalchemy.orm import Session

LOGS = ("order_events", "event_seals", "trace_leaves", "trace_roots")
"""Only added to: a trigger says so to everybody, and these grants to who could not take the trigger away."""


def grant_to(session: Session, role: str) -> None:
    """Let the role read and write rows, and of the logs only add and read them. Safe to run again.

    Raises ProgrammingError when there is no such role, or when it is not ours to grant.
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
