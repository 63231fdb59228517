"""Wait until transactions wait for each other, so that a test of two at once need not guess how long that takes."""

import time

from sqlalchemy import text

from models.database import Sessions

PATIENCE_SECONDS = 30.0
_WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")


def until_waiting(sessions: Sessions, number: int) -> None:
    """Wait until `number` transactions wait for a lock."""
    give_up = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < give_up:
        with sessions() as session:
            if (session.scalar(_WAITING) or 0) >= number:
                return
        time.sleep(0.02)
    raise AssertionError("too few transactions wait")
