"""Events of orders as server-sent events for dashboards; a client resumes where its connection broke."""

import json
from collections.abc import AsyncIterator, Collection
from contextlib import aclosing
from typing import Annotated

from fastapi import APIRouter, Header, Query
from pydantic import Field
from sse_starlette import EventSourceResponse, ServerSentEvent

from api.access import Caller
from api.dependencies import Reader, Services, WithServices
from api.errors import FORBIDDEN, TOO_MANY, Problem, invalid
from api.inputs import Filter
from api.openapi import responses
from api.subscriptions import examples
from api.subscriptions.streams import CountedStream
from domain.public_events import PATTERN, matching_types, public_type
from record.subscriptions.envelope import event_body

router = APIRouter(tags=["subscriptions"])

HEARTBEAT_SECONDS = 15
RETRY_MILLISECONDS = 2_000
EXAMPLE = {"schema": {"type": "string"}, "example": f"id: 7\ndata: {json.dumps(examples.DELIVERY['body'])}\n\n"}

Type = Annotated[str, Field(max_length=100, pattern=rf"^({PATTERN.pattern})$")]


@router.get(
    "/events/stream",
    summary="Stream of events of orders",
    response_class=EventSourceResponse,
    responses=responses({}, FORBIDDEN, TOO_MANY)
    | {200: {"description": "Server-sent events without end", "content": {"text/event-stream": EXAMPLE}}},
)
async def stream(
    caller: Reader,
    services: WithServices,
    type: Annotated[list[Type] | None, Query(max_length=50, description="`com.baton.order.*`, several or all")] = None,
    channel: Filter = None,
    last_event_id: Annotated[str | None, Header(pattern="^[0-9]{0,18}$", description="Resume after this event")] = None,
) -> EventSourceResponse:
    """Each `data` is the CloudEvent that subscribers get, each `id` its number in the log. It names no person.

    The stream ends within half a minute after its key is revoked or expires."""
    if channel is not None and not caller.sees(channel):
        raise Problem(FORBIDDEN, f"this key hears of orders of the channel {caller.channel}")
    patterns = type or ["*"]
    if not all(PATTERN.fullmatch(pattern) for pattern in patterns):
        raise invalid("type", "is a type in full, com.baton.order.* or *")
    services.streams.check(caller)
    events = _events(services, caller, matching_types(patterns), channel, _number(last_event_id))
    response = CountedStream(events, ping=HEARTBEAT_SECONDS)
    response.streams, response.caller = services.streams, caller
    return response


async def _events(
    services: Services, caller: Caller, types: Collection[str], channel: str | None, after: int | None
) -> AsyncIterator[ServerSentEvent]:
    # Sent at once, so that a client knows it is connected; `retry` has it come back soon after a break.
    yield ServerSentEvent(comment="connected", retry=RETRY_MILLISECONDS)
    only = caller.channel or channel
    async with aclosing(services.log.follow(after)) as log:
        async for facts in log:
            if not await services.keys.in_force(caller):
                return
            for fact in facts:
                if fact.type in types and (only is None or fact.channel == only):
                    yield ServerSentEvent(event_body(fact), event=public_type(fact.type), id=str(fact.event_id))


def _number(last_event_id: str | None) -> int | None:
    if not last_event_id:
        return None
    if not (last_event_id.isascii() and last_event_id.isdigit() and len(last_event_id) <= 18):
        raise invalid("Last-Event-ID", "not an id that this stream gave")
    return int(last_event_id)
