"""Whether the API lives, and whether it can work. Its figures are at a port of their own (embedded/own_port.py)."""

import asyncio
from datetime import timedelta
from typing import Literal

from anyio import fail_after, to_thread
from fastapi import APIRouter
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from temporalio.client import Client
from temporalio.service import RPCError

from api.dependencies import WithServices
from api.errors import UNAVAILABLE, Problem
from api.openapi import OPEN, problem_response_of
from api.schemas import Answer
from models.schema import is_current

router = APIRouter(tags=["operation"])

PATIENCE = timedelta(seconds=4)

Part = Literal["up", "down"]


class Alive(Answer):
    status: Literal["ok"] = "ok"


class Parts(Answer):
    """`migrations` is down when the database lacks some that this code needs, or cannot be asked."""

    database: Part
    migrations: Part
    temporal: Part


class Ready(Answer):
    status: Literal["ready"] = "ready"
    parts: Parts


@router.get("/healthz", summary="Whether the process lives", openapi_extra=OPEN)
async def healthz() -> Alive:
    return Alive()


@router.get(
    "/readyz",
    summary="Whether every part that the API needs is up",
    responses={503: problem_response_of(UNAVAILABLE)},
    openapi_extra=OPEN,
)
async def readyz(services: WithServices) -> Ready:
    """A 503 names the parts that are down."""
    (database, migrations), temporal = await asyncio.gather(_database(services.engine), _temporal(services.temporal))
    parts = Parts(database=database, migrations=migrations, temporal=temporal)
    if down := [name for name, state in parts if state == "down"]:
        headers = {"Retry-After": "2"}
        raise Problem(UNAVAILABLE, f"down: {', '.join(down)}", headers=headers, parts=parts.model_dump())
    return Ready(parts=parts)


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
    # A client that connects when it is first used tells by RuntimeError that it cannot.
    except (RPCError, RuntimeError):
        return "down"
    return "up" if healthy else "down"
