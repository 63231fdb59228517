"""Asks what can be promised: what can be sent where by when, kept for a cart if it wants that."""

from datetime import UTC, datetime, timedelta

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool

from api.access import Caller, Right
from api.dependencies import Services, caller_of, read_body, services_of
from api.direct import DirectOnceRoute
from api.errors import BAD_KEY, FORBIDDEN, TOO_MANY, Problem, invalid
from api.openapi import json_body, responses
from api.promises import examples
from api.promises.answers import offered
from api.promises.schemas import PlaceBody, PromiseAnswer, PromiseBody
from api.rights import needs
from domain.promising import KeptKind
from models.promises import PromiseRow
from record.promises.asking import Asked, Offer
from record.promises.book import LimitReached, Wish

router = APIRouter(tags=["promises"], route_class=DirectOnceRoute)

LATE_BY, AHEAD_BY = timedelta(minutes=5), timedelta(days=60)


@router.post(
    "/promises",
    summary="Ask what can be promised",
    response_model=PromiseAnswer,
    responses=responses({200: ("What can be promised", examples.PROMISE)}, BAD_KEY, FORBIDDEN, TOO_MANY),
    openapi_extra=json_body(PromiseBody, examples.ASKED) | needs(Right.PROMISE),
)
async def ask_promise(request: Request) -> Response:
    """Decided as the order would be: availability of each line, parcels with their freight, dates, and stores nearby.

    With `keep` it is a promise that `POST /orders` may carry as `promise_id`; `stock` also holds the units until it
    expires, is given up, or the order takes them. A channel's own key sees what its channel is shown.
    """
    caller, services = caller_of(request), services_of(request)
    body = await read_body(request, PromiseBody)
    return await run_in_threadpool(_answer, services, caller, body)


def _answer(services: Services, caller: Caller, body: PromiseBody) -> Response:
    asked, held, book = _asked(services, caller, body), KeptKind(body.keep), services.promises.book
    if held is KeptKind.NOTHING:
        return _response(caller, asked, book.answer(asked), None)
    longest = services.promises.longest_seconds(held)
    if body.seconds > longest:
        raise invalid("seconds", f"{held} is kept for at most {longest} seconds")
    wish = Wish(held, caller.channel or caller.key_id, timedelta(seconds=body.seconds))
    try:
        made, row = book.give(asked, wish, lambda made: offered(asked, made).model_dump(mode="json"))
    except LimitReached as why:
        raise Problem(TOO_MANY, str(why), headers={"Retry-After": "60"}) from None
    return _response(caller, asked, made, row)


def _asked(services: Services, caller: Caller, body: PromiseBody) -> Asked:
    channel = body.channel or caller.channel
    if channel is None:
        raise invalid("channel", "this key belongs to no channel: name one")
    if not caller.sees(channel):
        raise Problem(FORBIDDEN, f"this key asks for the channel {caller.channel}")
    if body.at and not datetime.now(UTC) - LATE_BY <= body.at <= datetime.now(UTC) + AHEAD_BY:
        raise invalid("at", f"from now on, at most {AHEAD_BY.days} days ahead")
    place = body.place
    if body.store:
        region = services.promises.book.store_region(body.store)
        if region is None:
            raise invalid("store", "there is no such store")
        place = place or PlaceBody(country=region[0], province=region[1])
    if place is None:
        raise invalid("place", "name a place or a store")
    lines = tuple([(line.sku, line.quantity) for line in body.lines])
    to = place.country, place.province, body.store or ""
    near = {"city": place.city, "postal_code": place.postal_code}
    return Asked(channel, lines, *to, level=body.service_level, at=body.at, stores=body.stores, **near)


def _response(caller: Caller, asked: Asked, made: Offer, row: PromiseRow | None) -> Response:
    answer = offered(asked, made, row, excluded=caller.channel is None)
    return Response(answer.model_dump_json(), media_type="application/json")
