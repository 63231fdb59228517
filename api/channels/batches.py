"""Batches of payloads in a channel's own format: each becomes an order or a rejected intake, and gets its own
answer."""

from typing import Annotated, Literal

from anyio import to_thread
from fastapi import APIRouter, Query, Request, Response

from api.access import Right
from api.channels import examples
from api.channels.taking import Sent, take
from api.dependencies import Services, WithServices, caller_of, charge_items, raw_body
from api.errors import BAD_KEY, BUSY, FORBIDDEN, NOT_FOUND, TOO_LARGE, TOO_MANY, Problem, invalid
from api.inputs import Filter, PathId
from api.openapi import responses
from api.orders.batches import MAX_BATCH_BYTES, BatchAnswer, BatchItem, BatchRoute, reply
from api.orders.splitting import split
from api.rights import needs
from integrations.channels.shaping import CHANNEL
from record.channels.accounts import Account, find_account
from record.channels.intakes import CONFLICT, Intake
from record.channels.past_orders import NoPastOrder, PastReading, read_past, write_past
from record.orders.past import PastWriter
from record.orders.writer import Receipt

router = APIRouter(tags=["channels"], route_class=BatchRoute)

EXAMPLE = {"application/json": {"example": [examples.SENT]}, "application/x-ndjson": {"example": ""}}


@router.post(
    "/channels/{channel}/orders:batch",
    status_code=200,
    summary="Place up to 1,000 orders in a channel's own format",
    response_model=BatchAnswer,
    responses=responses(
        {200: ("One answer for each item", examples.BATCH)}, BAD_KEY, FORBIDDEN, NOT_FOUND, TOO_LARGE, TOO_MANY, BUSY
    ),
    openapi_extra={"requestBody": {"required": True, "content": EXAMPLE}} | needs(Right.PLACE),
)
async def place_channel_orders(
    channel: PathId,
    request: Request,
    services: WithServices,
    translator: Annotated[
        Filter, Query(max_length=40, description="Instead of the account's, or without an account")
    ] = None,
    history: Annotated[
        bool,
        Query(description="They are past orders: recorded as ended, and never worked on. Needs `past_orders:write`"),
    ] = False,
    source: Annotated[Literal["batch", "file", "pull"], Query(description="Where they come from")] = "batch",
) -> Response:
    """A JSON array or NDJSON. A payload that cannot be read is kept as a rejected intake; safe to send again.

    With `history` no step runs, no message goes out and no stock moves; money is booked as the channel says. An order
    of which anything is still to be sent is refused, and its payload is not kept."""
    caller = caller_of(request)
    if history and not caller.may(Right.RECORD_PAST):
        raise Problem(FORBIDDEN, f"a key of the role {caller.role} may not take in past orders")
    if not caller.sees(channel):
        raise Problem(FORBIDDEN, f"this key places orders of the channel {caller.channel}")
    if not CHANNEL.fullmatch(channel):
        raise invalid("channel", "not small letters, digits and dashes")
    try:
        account = await to_thread.run_sync(find_account, services.sessions, channel, translator)
    except ValueError as error:
        raise invalid("translator", str(error)) from None
    if account is None:
        raise Problem(NOT_FOUND, "this channel has no account; open one, or name a translator")
    items = await to_thread.run_sync(split, await raw_body(request, MAX_BATCH_BYTES))
    charge_items(request, len(items))
    if history:
        return reply(await to_thread.run_sync(_record, services, account, items))
    await services.backlog.check(channel, len(items))
    return reply([_batch_item(one) for one in await take(services, account, [Sent(raw, {}, source) for raw in items])])


def _record(services: Services, account: Account, items: list[bytes]) -> list[BatchItem]:
    """Record the past orders of a batch in one transaction; the others are answered with their problem."""
    readings = [read_past(account, raw) for raw in items]
    orders = [one.order for one in readings if isinstance(one, PastReading)]
    receipts = iter(write_past(PastWriter(services.sessions), orders))
    return [_past_item(one, next(receipts) if isinstance(one, PastReading) else one) for one in readings]


def _past_item(reading: PastReading | NoPastOrder, receipt: Receipt | NoPastOrder) -> BatchItem:
    name = reading.order.new.channel_order_id if isinstance(reading, PastReading) else None
    if isinstance(receipt, NoPastOrder):
        errors = [{"field": receipt.field, "message": receipt.reason}]
        detail = f"{receipt.field}: {receipt.reason}"
        return BatchItem(status=422, channel_order_id=name, detail=detail, errors=errors)
    return BatchItem(status=202 if receipt.new else 200, order_id=receipt.order_id, channel_order_id=name)


def _batch_item(intake: Intake) -> BatchItem:
    rejected = intake.status == "rejected"
    return BatchItem(
        status=(409 if intake.reason == CONFLICT else 422) if rejected else 202 if intake.new else 200,
        order_id=intake.order_id,
        channel_order_id=intake.channel_order_id,
        intake_id=intake.intake_id,
        detail=f"{intake.field}: {intake.reason}" if rejected else None,
        errors=[{"field": intake.field or "$", "message": intake.reason or ""}] if rejected else [],
    )
