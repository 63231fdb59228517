"""Places an order: it is checked, committed together with others, and only then answered."""

from dataclasses import asdict

from fastapi import APIRouter, Request, Response

from api import examples
from api.access import Caller, Right
from api.dependencies import Services, caller_of, commit, read_body, services_of
from api.direct import DirectOnceRoute
from api.errors import BAD_KEY, FORBIDDEN, OTHER_BODY, TOO_LARGE, TOO_MANY, Problem
from api.links import order_links
from api.openapi import json_body, responses
from api.orders.answers import JudgedOrder, PlacedOrder
from api.orders.schemas import OrderBody
from api.orders.verdicts import WAIT, first_verdict, wants_verdict
from api.rights import needs
from domain.ids import order_workflow_id
from domain.promising import State
from record.orders.rows import new_order

router = APIRouter(tags=["orders"], route_class=DirectOnceRoute)


@router.post(
    "/orders",
    status_code=202,
    summary="Place an order",
    response_model=JudgedOrder | PlacedOrder,
    responses=responses(
        {
            202: ("New: it is committed and will be worked on", examples.PLACED_ORDER),
            200: ("The same order again, or with `wait` its first verdict", examples.JUDGED_ORDER),
        },
        BAD_KEY,
        FORBIDDEN,
        OTHER_BODY,
        TOO_LARGE,
        TOO_MANY,
    ),
    openapi_extra=json_body(OrderBody, examples.ORDER) | {"parameters": [WAIT]} | needs(Right.PLACE),
)
async def place_order(request: Request) -> Response:
    """Safe to send again: an order is identified by its channel and channel order id.

    With `?wait=accepted` the answer says whether the order passed its audit and its stock is reserved, or why not. If
    that takes too long, the answer is the same as without `wait`.
    """
    caller, services, waits = caller_of(request), services_of(request), wants_verdict(request)
    body = await read_body(request, OrderBody)
    order = body.to_order(services.settings.identity_key)
    if not caller.sees(order.channel):
        raise Problem(FORBIDDEN, f"this key places orders of the channel {caller.channel}")
    await services.backlog.check(order.channel)
    new = new_order(order, caller.name, elsewhere=body.elsewhere)
    receipt = await commit(services.orders, new, new.weight)
    if not receipt.same:
        raise Problem(OTHER_BODY, "this channel order id came before with another body", order_id=receipt.order_id)
    workflow_id = order_workflow_id(order.channel, order.channel_order_id)
    links = order_links(services.settings, receipt.order_id, workflow_id)
    answer = PlacedOrder(
        order_id=receipt.order_id,
        status=receipt.status,
        promise=State(receipt.promise) if receipt.promise else None,
        workflow_id=workflow_id,
        links=links,
    )
    if waits and (judged := await _judged(services, caller, answer)):
        return Response(judged.model_dump_json(), 200, media_type="application/json")
    return Response(answer.model_dump_json(), 202 if receipt.new else 200, media_type="application/json")


async def _judged(services: Services, caller: Caller, placed: PlacedOrder) -> JudgedOrder | None:
    verdict = await first_verdict(services, placed.order_id, caller)
    return JudgedOrder(**placed.model_dump(), **asdict(verdict)) if verdict else None
