"""One glance at the database tells the relay's idle jobs whether anything waits for them.

Each job that looked for itself would ask several times a second for nothing. What the lookout says is a hint: a job
that it does not call looks now and then by itself, so nothing waits for ever.
"""

import asyncio
import time
from collections.abc import Collection

from models.database import Sessions, reading
from models.fulfillment import WAVE_WAITS
from models.messaging import IS_WAITING
from models.prepared import prepared

# Each part reads the head of an index or a single row.
_NEWEST = "(SELECT last_value FROM order_events_event_id_seq WHERE is_called)"
_WAITS = {
    "orders": "SELECT FROM orders WHERE workflow_started_at IS NULL AND relay_after <= now()",
    "events": "SELECT FROM partner_events WHERE relayed_at IS NULL AND relay_after <= now()",
    "waves": f"SELECT FROM fulfillment_orders WHERE {WAVE_WAITS.text} AND wave_after <= now()",
    "stock": "SELECT FROM stock_touches",
    "bulks": "SELECT FROM bulks WHERE ended_at IS NULL",
    "exports": "SELECT FROM exports WHERE scheduled_at IS NULL OR run_asked_at IS NOT NULL",
    "messages": f"""
        SELECT FROM messages WHERE {IS_WAITING}
        UNION ALL SELECT FROM subscriptions WHERE active AND position < {_NEWEST}
        UNION ALL SELECT FROM deliveries WHERE state = 'waiting' AND due_at <= now()""",
    "proof": f"SELECT WHERE {_NEWEST} > (SELECT coalesce(max(event_id), 0) FROM sealing)",
}
LOOK = prepared("SELECT " + ", ".join(f"EXISTS ({waits}) AS {job}" for job, waits in _WAITS.items()))
JOBS: Collection[str] = _WAITS.keys()
QUIET_AFTER_SECONDS = 60.0
REST_SECONDS = 0.25
"""How much longer a look waits once nothing has come for a while: half as many looks cost a quiet shop half."""


class Lookout:
    """Calls the jobs that have something to do."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._called = {job: asyncio.Event() for job in JOBS}
        self._came = time.monotonic()

    async def carry(self) -> int:
        """Look once, and call each job that something waits for. Return 0: the next look comes after the same pause."""
        if waits := await asyncio.to_thread(self._look):
            self._came = time.monotonic()
        for job in waits:
            self._called[job].set()
        if time.monotonic() - self._came > QUIET_AFTER_SECONDS:
            await asyncio.sleep(REST_SECONDS)
        return 0

    async def wait(self, job: str) -> None:
        """Return when the job is called; a job that nobody looks out for waits for ever."""
        called = self._called.get(job) or asyncio.Event()
        await called.wait()
        called.clear()

    def _look(self) -> list[str]:
        with reading(self._sessions) as session:
            return [job for job, waits in session.execute(LOOK).mappings().one().items() if waits]
