"""Failures in the relay: a row or job that fails is logged, tried again and at last set aside, and never ends a worker
or holds up others."""

import asyncio
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from typing import TypeVar

import structlog
from prometheus_client import Counter
from sqlalchemy.exc import SQLAlchemyError
from temporalio.service import RPCError, RPCStatusCode

from models.database import Sessions
from record.set_aside import MAX_ATTEMPTS, error_name, is_rows_own, mark_worked, set_aside

log = structlog.get_logger()

NOT_TAKEN = {RPCStatusCode.INVALID_ARGUMENT, RPCStatusCode.OUT_OF_RANGE}
"""Statuses of calls that Temporal would refuse again; any other failure of a call may pass."""
TROUBLES = Counter("baton_relay_troubles", "Failures of the relay's jobs and of the rows they work", ["job", "error"])

Answer = TypeVar("Answer")


class Isolation:
    """The relay's jobs report their failures here."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def attempt(self, kind: str, subjects: Sequence[str], work: Awaitable[Answer]) -> Answer | None:
        """Return the result of `work`, or None if it failed. Its rows are then tried again after their lease, and set
        aside when they were at fault too often."""
        try:
            return await work
        except Exception as error:
            self.report(kind, subjects, error)
            if is_row_at_fault(error):
                await self.put_aside(kind, subjects, error_name(error), MAX_ATTEMPTS)
            return None

    def report(self, kind: str, subjects: Sequence[str], error: Exception) -> None:
        """Count and log a failure, and no more."""
        TROUBLES.labels(kind, type(error).__name__).inc()
        log.warning("row_not_worked", kind=kind, subjects=[*subjects][:5], error=error_name(error))

    async def put_aside(self, kind: str, subjects: Sequence[str], reason: str, limit: int = 1) -> list[str]:
        """Count a failure of each subject, and set aside those with `limit` of them. Return the subjects set aside;
        none if the database fails, so that the next failure counts instead."""
        try:
            aside = await asyncio.to_thread(self._set_aside, kind, subjects, reason, limit)
        except SQLAlchemyError as error:
            log.warning("not_set_aside", kind=kind, error=error_name(error))
            return []
        if aside:
            log.error("set_aside", kind=kind, count=len(aside), subjects=aside[:5], reason=reason)
        return aside

    async def job_failed(self, job: str, error: Exception) -> None:
        """Report that a whole job failed. It runs again after a pause, and is listed as set aside if it keeps
        failing."""
        TROUBLES.labels(job, type(error).__name__).inc()
        log.warning("relay_trouble", job=job, error=error_name(error))
        if is_row_at_fault(error):
            await self.put_aside("job", [job], error_name(error), MAX_ATTEMPTS)

    async def job_recovered(self, job: str) -> None:
        with suppress(SQLAlchemyError):
            await asyncio.to_thread(self._clear, job)

    def _set_aside(self, kind: str, subjects: Sequence[str], reason: str, limit: int) -> list[str]:
        with self._sessions.begin() as session:
            return set_aside(session, kind, subjects, reason, limit)

    def _clear(self, job: str) -> None:
        with self._sessions.begin() as session:
            mark_worked(session, "job", [job])


def is_row_at_fault(error: Exception) -> bool:
    """True if the same row would fail again with everything else in order."""
    if isinstance(error, RPCError):
        return error.status in NOT_TAKEN
    return is_rows_own(error)
