"""Gives back what promises hold beyond their time, and forgets old promises that no order took."""

import time
from datetime import timedelta

from sqlalchemy import text

from models.database import Sessions
from models.prepared import prepared
from record.promises.claims import give_back

AT_ONCE = 500
FORGET_EVERY_SECONDS = 60.0
KEPT_AFTER_EXPIRY = timedelta(days=1)
"""So long an order that carries an expired promise is told just that."""

# One that is being renewed, given up or taken by an order is left to the next sweep.
_OVER = prepared("""
    SELECT promises.promise_id FROM promises LEFT JOIN orders USING (order_id)
    WHERE held_until IS NOT NULL
      AND (held_until <= now() OR orders.ended_at IS NOT NULL OR bound_at <= now() - :patience)
    ORDER BY promises.promise_id LIMIT :at_once FOR UPDATE OF promises SKIP LOCKED
""")
_FORGET = text("""
    DELETE FROM promises WHERE promise_id = ANY(ARRAY(
        SELECT promise_id FROM promises WHERE order_id IS NULL AND held_until IS NULL AND expires_at < now() - :kept
        ORDER BY expires_at LIMIT :at_once FOR UPDATE SKIP LOCKED))
""")


class PromiseSweep:
    """Runs in every worker; several take different promises. An order that took a promise keeps its stock for
    `patience` while it is held."""

    def __init__(self, sessions: Sessions, patience: timedelta) -> None:
        self._sessions, self._patience = sessions, patience
        self._forget_at = 0.0

    def run(self) -> int:
        """Give back one batch. Return how many promises it were."""
        with self._sessions.begin() as session:
            over = session.scalars(_OVER, {"patience": self._patience, "at_once": AT_ONCE}).all()
            if over:
                give_back(session, over)
            elif time.monotonic() >= self._forget_at:
                self._forget_at = time.monotonic() + FORGET_EVERY_SECONDS
                session.execute(_FORGET, {"kept": KEPT_AFTER_EXPIRY, "at_once": AT_ONCE})
        return len(over)
