"""Readiness: whether every part that the API needs is up, checked once a second however many ask."""

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Literal

from anyio import fail_after, to_thread
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from temporalio.client import Client
from temporalio.service import RPCError

from api.schemas import Answer
from models.schema import is_current

PATIENCE = timedelta(seconds=4)
COUNTS_SECONDS = 1.0

Part = Literal["up", "down"]


class Parts(Answer):
    """`migrations` is down when the database lacks some that this code needs, or cannot be asked."""

    database: Part
    migrations: Part
    temporal: Part


class Readiness:
    """A result counts for a second, and whoever asks during a check shares it, since anybody may ask without a key."""

    def __init__(self, engine: Engine, temporal: Client, now: Callable[[], float] = time.monotonic) -> None:
        self._engine = engine
        self._temporal = temporal
        self._now = now
        self._found: tuple[float, Parts] | None = None
        self._looking: asyncio.Task[Parts] | None = None

    async def parts(self) -> Parts:
        if self._found and self._now() < self._found[0]:
            return self._found[1]
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())
        return await asyncio.shield(self._looking)

    async def _look(self) -> Parts:
        try:
            (database, migrations), temporal = await asyncio.gather(_database(self._engine), _temporal(self._temporal))
            parts = Parts(database=database, migrations=migrations, temporal=temporal)
            self._found = self._now() + COUNTS_SECONDS, parts
            return parts
        finally:
            self._looking = None


async def _database(engine: Engine) -> tuple[Part, Part]:
    try:
        with fail_after(PATIENCE.total_seconds()):
            current = await to_thread.run_sync(is_current, engine, abandon_on_cancel=True)
    except (SQLAlchemyError, TimeoutError):
        return "down", "down"
    return "up", "up" if current else "down"


async def _temporal(client: Client) -> Part:
    try:
        healthy = await client.service_client.check_health(timeout=PATIENCE)
    # A lazy client raises RuntimeError when it cannot connect.
    except (RPCError, RuntimeError):
        return "down"
    return "up" if healthy else "down"
