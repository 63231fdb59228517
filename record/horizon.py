"""How far the log of orders may be read: below the horizon no fact can appear any more."""

from sqlalchemy.orm import Session

from models.prepared import prepared

DRAWN = prepared("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM order_events_event_id_seq")
# An insert holds this lock from before it draws a number until its commit is visible.
WRITING = prepared("""
    SELECT DISTINCT virtualtransaction FROM pg_locks
    WHERE locktype = 'relation' AND relation = 'order_events'::regclass AND mode = 'RowExclusiveLock' AND granted
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
""")


class LogHorizon:
    """The number up to which the log is complete. Numbers are drawn in order but committed in any order, so an open
    transaction may still hold a number below the highest.

    So note the highest number, and then the transactions that are writing. Once all of these have ended, committed or
    not, every number up to the noted one is visible or never will be. Writers do nothing for it.
    """

    def __init__(self) -> None:
        self._settled = 0
        self._next: tuple[int, frozenset[str]] | None = None

    def look(self, session: Session) -> int:
        """The number known now; it never falls. Read the log only after this call."""
        # Two statements: the second must not run before the first has its answer.
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
    """The highest number drawn, whether or not its fact is visible yet."""
    return int(session.scalar(DRAWN) or 0)
