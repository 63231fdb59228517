"""Reserved money that is about to expire: each order of it is asked about once, and nobody has a timer for it.

A worker reads the index of what is to be renewed; the gateway is called by the workflow that settles payments.
"""

from datetime import datetime

from sqlalchemy import text

from models.database import Sessions
from models.locks import Lock, try_lock
from record.orders import payment_claims

AT_ONCE = 1_000
TAKE = text("""
    UPDATE authorizations SET renew_at = NULL WHERE order_id = ANY(ARRAY(
        SELECT order_id FROM authorizations WHERE renew_at <= :now
        ORDER BY renew_at LIMIT :at_once FOR UPDATE SKIP LOCKED))
    RETURNING order_id, reference, renewals
""")


class RenewalSweep:
    """Runs in every worker, but one sweeps at a time."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def run(self, now: datetime) -> int:
        """Have the gateway asked to reserve anew what is to be renewed by `now`. Return how many orders that is."""
        with self._sessions.begin() as session:
            if not try_lock(session, Lock.RENEWALS):
                return 0
            due = session.execute(TAKE, {"now": now, "at_once": AT_ONCE}).all()
            for row in due:
                payment_claims.ask_for_check(session, row.reference, f"{row.order_id}:renew:{row.renewals}")
            return len(due)
