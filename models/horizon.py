"""How far the log of orders may be read: everything below the horizon is there, or never will be."""

from sqlalchemy import text
from sqlalchemy.orm import Session

DRAWN = text("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM order_events_event_id_seq")
# Whoever inserts holds this lock from before it draws a number until its commit can be seen.
WRITING = text("""
    SELECT DISTINCT virtualtransaction FROM pg_locks
    WHERE locktype = 'relation' AND relation = 'order_events'::regclass AND mode = 'RowExclusiveLock' AND granted
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
""")


class LogHorizon:
    """Up to which number the log is complete. Numbers are drawn in order and committed in any: below the highest that
    was drawn, a transaction which is still open may have one.

    So we note the highest number, and then who is writing. When the last of these has ended, committed or not, every
    number up to that one is there or never will be. It asks nothing of those who write.
    """

    def __init__(self) -> None:
        self._settled = 0
        self._next: tuple[int, frozenset[str]] | None = None

    def look(self, session: Session) -> int:
        """The number as it is now known; it never falls. What is read must be asked for after this."""
        # Two statements: the second must not be asked before the first has its answer.
        drawn = newest(session)
        writing = frozenset(session.scalars(WRITING))
        if self._next is not None and not self._next[1] & writing:
            self._settle(self._next[0])
            self._next = None
        if not writing:
            self._settle(drawn)
        elif self._next is None:
            self._next = drawn, writing
        return self._settled

    def _settle(self, number: int) -> None:
        self._settled = max(self._settled, number)


def newest(session: Session) -> int:
    """The highest number that was drawn, whether or not its fact can be seen yet."""
    return int(session.scalar(DRAWN) or 0)
