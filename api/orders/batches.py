"""Many orders in one request: each is checked, committed and answered by itself."""

import asyncio
from collections import Counter
from collections.abc import Sequence

from anyio import to_thread
from fastapi import APIRouter, Request, Response
from pydantic import Field, SecretStr

from api.access import Caller, Right
from api.channels import examples
from api.dependencies import Services, caller_of, charge_items, commit, parse, raw_body, services_of
from api.errors import BAD_KEY, FORBIDDEN, INVALID, OTHER_BODY, TOO_LARGE, TOO_MANY, Problem
from api.idempotency import OnceRoute
from api.openapi import responses
from api.orders.schemas import OrderBody
from api.orders.splitting import split
from api.rights import needs
from api.schemas import Answer
from record.orders.rows import NewOrder, new_order
from record.orders.writer import Receipt

MAX_BATCH_BYTES = 20_000_000
MAX_PROBLEMS = 5_000
"""Invalid fields of all items together; items beyond that are not read."""
MAX_ERRORS_PER_ITEM = 10
TRY_AGAIN = (429, 503)
NOT_READ = "not read: too much is wrong with the items before it; send it again without them"


class BatchRoute(OnceRoute):
    largest_body = MAX_BATCH_BYTES


router = APIRouter(tags=["orders"], route_class=BatchRoute)

EXAMPLE = {"application/json": {"example": [examples.SENT["data"]]}, "application/x-ndjson": {"example": ""}}


class BatchItem(Answer):
    """The answer that a single request would have got; `intake_id` if an intake was kept."""

    status: int
    order_id: str | None = None
    channel_order_id: str | None = None
    intake_id: str | None = None
    detail: str | None = None
    errors: list[dict[str, str]] = Field(default_factory=list)


class BatchAnswer(Answer):
    """One answer for each item, in their order: 202 new, 200 known, 409 known with another body, 422 not an order, 429
    and 503 try again."""

    items: list[BatchItem]


@router.post(
    "/orders:batch",
    status_code=200,
    summary="Place up to 1,000 orders",
    response_model=BatchAnswer,
    responses=responses({200: ("One answer for each item", examples.BATCH)}, BAD_KEY, FORBIDDEN, TOO_LARGE, TOO_MANY),
    openapi_extra={"requestBody": {"required": True, "content": EXAMPLE}} | needs(Right.PLACE),
)
async def place_orders(request: Request) -> Response:
    """A JSON array or NDJSON of bodies as POST /orders takes them. An invalid one fails no other; safe to send
    again."""
    caller, services = caller_of(request), services_of(request)
    raw = await raw_body(request, MAX_BATCH_BYTES)
    # Parsing a batch in the event loop would hold up other requests.
    orders = await to_thread.run_sync(_read_all, raw, caller, services.settings.identity_key)
    charge_items(request, len(orders))
    full = await full_channels(services, [order.channel for order in orders if isinstance(order, NewOrder)])
    answers = await asyncio.gather(*(_place(services, order, full) for order in orders))
    return reply(answers)


async def full_channels(services: Services, channels: Sequence[str]) -> dict[str, Problem]:
    """Count these orders as waiting, and return the channels that have too many waiting already."""
    full = dict[str, Problem]()
    for channel, orders in Counter(channels).items():
        try:
            await services.backlog.check(channel, orders)
        except Problem as problem:
            full[channel] = problem
    return full


def refused(problem: Problem, channel_order_id: str | None = None) -> BatchItem:
    order_id = problem.extra.get("order_id")
    return BatchItem(
        status=problem.kind.status,
        order_id=str(order_id) if order_id else None,
        channel_order_id=channel_order_id,
        detail=problem.detail,
        errors=[
            {"field": error["field"], "message": error["message"]} for error in problem.errors[:MAX_ERRORS_PER_ITEM]
        ],
    )


def reply(items: Sequence[BatchItem]) -> Response:
    # A repeat may do better for some items, so this answer must not be kept for it.
    passing = {"Cache-Control": "no-store"} if any(item.status in TRY_AGAIN for item in items) else None
    return Response(BatchAnswer(items=list(items)).model_dump_json(), headers=passing, media_type="application/json")


def _read_all(raw: bytes, caller: Caller, identity_key: SecretStr | None) -> list[NewOrder | Problem]:
    """Return the order or the problem of each item, until there are too many problems."""
    orders, problems = list[NewOrder | Problem](), 0
    for item in split(raw):
        too_many = problems > MAX_PROBLEMS
        orders.append(Problem(INVALID, NOT_READ) if too_many else _read(item, caller, identity_key))
        last = orders[-1]
        problems += len(last.errors) if isinstance(last, Problem) else 0
    return orders


def _read(raw: bytes, caller: Caller, identity_key: SecretStr | None) -> NewOrder | Problem:
    try:
        body = parse(raw, OrderBody)
        order = body.to_order(identity_key)
        if not caller.sees(order.channel):
            return Problem(FORBIDDEN, f"this key places orders of the channel {caller.channel}")
        return new_order(order, caller.name, elsewhere=body.elsewhere)
    except Problem as problem:
        return problem


async def _place(services: Services, order: NewOrder | Problem, full: dict[str, Problem]) -> BatchItem:
    if isinstance(order, Problem):
        return refused(order)
    try:
        if order.channel in full:
            raise full[order.channel]
        receipt: Receipt = await commit(services.orders, order, order.weight)
        if not receipt.same:
            detail = "this channel order id came before with another body"
            raise Problem(OTHER_BODY, detail, order_id=receipt.order_id)
    except Problem as problem:
        return refused(problem, order.channel_order_id)
    status = 202 if receipt.new else 200
    return BatchItem(status=status, order_id=receipt.order_id, channel_order_id=order.channel_order_id)
