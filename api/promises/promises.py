"""Promises that were kept: read, kept for longer, given up."""

from datetime import timedelta

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool

from api.access import Caller
from api.dependencies import Promiser, Services, WithServices, read_body
from api.errors import BAD_KEY, FORBIDDEN, NOT_FOUND, REFUSED, Problem, invalid
from api.idempotency import OnceRoute
from api.inputs import PathId
from api.openapi import json_body, responses
from api.promises import examples
from api.promises.answers import kept
from api.promises.schemas import PromiseAnswer, RenewalBody
from domain.promising import KeptKind
from record.promises.book import NotOpen

router = APIRouter(tags=["promises"], route_class=OnceRoute)

NO_PROMISE = "no such promise of yours"


@router.get(
    "/promises/{promise_id}",
    summary="Read a promise",
    responses=responses({200: ("As it was given", examples.KEPT)}, FORBIDDEN, NOT_FOUND),
)
def read_promise(promise_id: PathId, caller: Promiser, services: WithServices) -> PromiseAnswer:
    """The answer as it was given, until when it is kept, and the order that took it."""
    row = services.promises.book.find(promise_id, caller.channel)
    if row is None:
        raise Problem(NOT_FOUND, NO_PROMISE)
    return kept(row)


@router.post(
    "/promises/{promise_id}/renew",
    summary="Keep a promise for longer",
    response_model=PromiseAnswer,
    responses=responses({200: ("With its new end", examples.KEPT)}, BAD_KEY, FORBIDDEN, NOT_FOUND, REFUSED),
    openapi_extra=json_body(RenewalBody, examples.RENEWAL),
)
async def renew_promise(
    promise_id: PathId, request: Request, caller: Promiser, services: WithServices
) -> PromiseAnswer:
    """Never shortens it. A cart holds stock no longer than `BATON_PROMISES__LONGEST` in all."""
    body = await read_body(request, RenewalBody)
    return await run_in_threadpool(_renew, services, caller, promise_id, body)


@router.delete(
    "/promises/{promise_id}",
    status_code=204,
    summary="Give a promise up",
    responses=responses({}, BAD_KEY, FORBIDDEN, NOT_FOUND, REFUSED),
)
def give_up_promise(promise_id: PathId, caller: Promiser, services: WithServices) -> Response:
    """Its stock is free at once. Safe to send again."""
    try:
        if not services.promises.book.give_up(promise_id, caller.channel):
            raise Problem(NOT_FOUND, NO_PROMISE)
    except NotOpen as why:
        raise Problem(REFUSED, str(why)) from None
    return Response(status_code=204)


def _renew(services: Services, caller: Caller, promise_id: str, body: RenewalBody) -> PromiseAnswer:
    book = services.promises.book
    known = book.find(promise_id, caller.channel)
    if known is None:
        raise Problem(NOT_FOUND, NO_PROMISE)
    longest = services.promises.longest_seconds(KeptKind.STOCK if known.held_until else KeptKind.DATES)
    if body.seconds > longest:
        raise invalid("seconds", f"it is kept for at most {longest} seconds at a time")
    try:
        row = book.renew(promise_id, caller.channel, timedelta(seconds=body.seconds))
    except NotOpen as why:
        raise Problem(REFUSED, str(why)) from None
    return kept(row or known)
