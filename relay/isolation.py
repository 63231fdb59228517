"""No row and no job of the relay ends a worker or holds up the others: what fails is told, and set aside."""

import asyncio
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from typing import TypeVar

import structlog
from prometheus_client import Counter
from sqlalchemy.exc import SQLAlchemyError
from temporalio.service import RPCError, RPCStatusCode

from models.database import Sessions
from models.set_aside import TRIES, is_rows_own, kind_of, over, set_aside

log = structlog.get_logger()

NOT_TAKEN = {RPCStatusCode.INVALID_ARGUMENT, RPCStatusCode.OUT_OF_RANGE}
"""How Temporal refuses what it would refuse again; any other failure of a call passes."""
TROUBLES = Counter("baton_relay_troubles", "Failures of the relay's jobs and of the rows they work", ["job", "error"])

Answer = TypeVar("Answer")


class Isolation:
    """What the relay's jobs tell their failures to."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def attempt(self, kind: str, subjects: Sequence[str], work: Awaitable[Answer]) -> Answer | None:
        """The answer of `work`, or None where it failed: the rows are tried again after their lease, and set aside when
        they have failed too often by themselves."""
        try:
            return await work
        except Exception as trouble:
            self.told(kind, subjects, trouble)
            if lies_in_the_row(trouble):
                await self.put_aside(kind, subjects, kind_of(trouble), TRIES)
            return None

    def told(self, kind: str, subjects: Sequence[str], trouble: Exception) -> None:
        """Count and log it, and no more."""
        TROUBLES.labels(kind, type(trouble).__name__).inc()
        log.warning("row_not_worked", kind=kind, subjects=[*subjects][:5], error=kind_of(trouble))

    async def put_aside(self, kind: str, subjects: Sequence[str], reason: str, limit: int = 1) -> list[str]:
        """Those that were set aside by this. Trouble with the database is left for the next time."""
        try:
            out = await asyncio.to_thread(self._note, kind, subjects, reason, limit)
        except SQLAlchemyError as trouble:
            log.warning("not_set_aside", kind=kind, error=kind_of(trouble))
            return []
        if out:
            log.error("set_aside", kind=kind, count=len(out), subjects=out[:5], reason=reason)
        return out

    async def job_failed(self, job: str, trouble: Exception) -> None:
        """A job as a whole failed: it goes on after a pause, and is listed as set aside if that does not end."""
        TROUBLES.labels(job, type(trouble).__name__).inc()
        log.warning("relay_trouble", job=job, error=kind_of(trouble))
        if lies_in_the_row(trouble):
            await self.put_aside("job", [job], kind_of(trouble), TRIES)

    async def job_works_again(self, job: str) -> None:
        with suppress(SQLAlchemyError):
            await asyncio.to_thread(self._over, job)

    def _note(self, kind: str, subjects: Sequence[str], reason: str, limit: int) -> list[str]:
        with self._sessions.begin() as session:
            return set_aside(session, kind, subjects, reason, limit)

    def _over(self, job: str) -> None:
        with self._sessions.begin() as session:
            over(session, "job", [job])


def lies_in_the_row(trouble: Exception) -> bool:
    """Whether the same row would fail again with everything else in order."""
    if isinstance(trouble, RPCError):
        return trouble.status in NOT_TAKEN
    return is_rows_own(trouble)
