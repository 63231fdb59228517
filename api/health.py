"""Liveness and readiness of the API. Its metrics are at a port of their own (embedded/health_port.py)."""

from typing import Literal

from fastapi import APIRouter

from api.dependencies import WithServices
from api.errors import UNAVAILABLE, Problem
from api.openapi import OPEN, problem_response_of
from api.readiness import Parts
from api.schemas import Answer

router = APIRouter(tags=["operation"])


class Alive(Answer):
    status: Literal["ok"] = "ok"


class Ready(Answer):
    status: Literal["ready"] = "ready"
    parts: Parts


@router.get("/healthz", summary="Whether the process is alive", openapi_extra=OPEN)
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
    parts = await services.readiness.parts()
    if down := [name for name, state in parts if state == "down"]:
        headers = {"Retry-After": "2"}
        raise Problem(UNAVAILABLE, f"down: {', '.join(down)}", headers=headers, parts=parts.model_dump())
    return Ready(parts=parts)
