"""Asking to take goods back: stored like the word of a partner, and carried to the case's workflow by the relay."""

from collections.abc import Iterator, Mapping
from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import Field
from sqlalchemy import select

from api import examples
from api.access import Caller
from api.dependencies import Returner, Services, WithServices, commit, read_body
from api.errors import BAD_KEY, FORBIDDEN, NOT_FOUND, OTHER_BODY, TOO_LARGE, FieldError, Problem, invalid_fields
from api.idempotency import OnceRoute
from api.links import workflow_link
from api.openapi import json_body, responses
from api.order_schemas import MAX_LINES
from api.order_view import find_order
from api.parameters import PathId
from api.schemas import Answer, Body, CaseId, Prose, Quantity
from domain import ids
from intake.partner_events import NewEvent
from models.order import OrderLineRow, OrderRow

router = APIRouter(tags=["returns"], route_class=OnceRoute)


class ReturnLineBody(Body):
    line_no: Annotated[int, Field(ge=1, le=MAX_LINES)]
    quantity: Quantity


class ReturnBody(Body):
    """A request to take goods back. `case_id` is the caller's own number, unique within the order."""

    case_id: CaseId
    reason: Annotated[Prose, Field(min_length=1, max_length=300, description="Name nobody.")]
    lines: Annotated[tuple[ReturnLineBody, ...], Field(min_length=1, max_length=MAX_LINES)]


class ReturnLinks(Answer):
    self: str
    order: str
    workflow: str


class ReturnAsked(Answer):
    return_id: str
    workflow_id: str
    links: ReturnLinks


@router.post(
    "/orders/{order_id}/returns",
    status_code=202,
    summary="Ask for a return",
    responses=responses(
        {
            202: ("New: the case begins", examples.RETURN_ASKED),
            200: ("The same case again: the first one's answer", examples.RETURN_ASKED),
        },
        BAD_KEY,
        FORBIDDEN,
        NOT_FOUND,
        OTHER_BODY,
        TOO_LARGE,
    ),
    openapi_extra=json_body(ReturnBody, examples.RETURN),
)
async def ask_return(
    order_id: PathId, request: Request, response: Response, caller: Returner, services: WithServices
) -> ReturnAsked:
    """Safe to send again: a case is known by its id. Whether it is approved is told by the case itself."""
    body = await read_body(request, ReturnBody)
    order, ordered = await run_in_threadpool(_ordered, services, order_id, caller)
    if faults := list(_faults(body, ordered)):
        raise invalid_fields(faults)
    stored = await commit(services.events, _event(order, body))
    if not stored.same:
        raise Problem(OTHER_BODY, "this case id came before with another body")
    if not stored.new:
        response.status_code = 200
    return _asked(services, order, body.case_id)


def _ordered(services: Services, order_id: str, caller: Caller) -> tuple[OrderRow, dict[int, int]]:
    """The order, and how many units were ordered by line number."""
    with services.sessions() as session:
        order = find_order(session, order_id, caller)
        lines = select(OrderLineRow.line_no, OrderLineRow.quantity).where(OrderLineRow.order_id == order_id)
        return order, {row.line_no: row.quantity for row in session.execute(lines)}


def _faults(body: ReturnBody, ordered: Mapping[int, int]) -> Iterator[FieldError]:
    seen = set[int]()
    for index, line in enumerate(body.lines):
        if line.line_no not in ordered:
            yield {"field": f"lines[{index}].line_no", "message": "the order has no such line"}
        elif line.line_no in seen:
            yield {"field": f"lines[{index}].line_no", "message": "this line was named before"}
        elif line.quantity > ordered[line.line_no]:
            yield {"field": f"lines[{index}].quantity", "message": f"{ordered[line.line_no]} were ordered"}
        seen.add(line.line_no)


def _event(order: OrderRow, body: ReturnBody) -> NewEvent:
    return NewEvent(
        partner="api",
        event_id=f"{order.order_id}:{body.case_id}",
        type="return.requested",
        subject=ids.channel_order_subject(order.channel, order.channel_order_id),
        data={"channel": order.channel, "channel_order_id": order.channel_order_id, **body.model_dump(mode="json")},
    )


def _asked(services: Services, order: OrderRow, case_id: str) -> ReturnAsked:
    return_id = ids.return_id(order.order_id, case_id)
    workflow_id = ids.return_workflow_id(order.channel, order.channel_order_id, case_id)
    links = ReturnLinks(
        self=f"/returns/{return_id}",
        order=f"/orders/{order.order_id}",
        workflow=workflow_link(services.settings, workflow_id),
    )
    return ReturnAsked(return_id=return_id, workflow_id=workflow_id, links=links)
