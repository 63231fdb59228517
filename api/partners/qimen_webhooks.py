"""Webhooks of warehouses that speak Qimen: the answer is XML with a flag, as they expect it."""

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool

from api.dependencies import WithServices, commit, raw_body
from api.errors import NOT_FOUND, Problem
from api.openapi import OPEN
from api.parameter_check import ANY_QUERY
from record.messages.qimen import read_call

router = APIRouter(tags=["webhooks"])


@router.post("/webhooks/qimen", include_in_schema=False, openapi_extra={"parameters": [ANY_QUERY]} | OPEN)
async def take_qimen(request: Request, services: WithServices) -> Response:
    """A call that is not signed or cannot be read is answered with `failure` and the field."""
    settings = services.settings.qimen
    if settings is None:
        raise Problem(NOT_FOUND, "no warehouse speaks Qimen here")
    raw, parameters = await raw_body(request), dict(request.query_params)
    call = await run_in_threadpool(read_call, services.sessions, settings, parameters, raw)
    for event in call.events:
        await commit(services.events, event)
    return Response(call.answer, media_type="application/xml; charset=utf-8")
