"""Requests for a return: stored like a partner's webhook, and carried to the case's workflow by the relay."""

from collections.abc import Iterator, Mapping
from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from api import examples
from api.access import Caller, Right
from api.dependencies import Returner, Services, WithServices, commit, read_body
from api.errors import BAD_KEY, FORBIDDEN, NOT_FOUND, OTHER_BODY, TOO_LARGE, FieldError, Problem, invalid_fields
from api.idempotency import OnceRoute
from api.inputs import PathId
from api.links import workflow_link
from api.openapi import json_body, responses
from api.orders.schemas import MAX_LINES
from api.orders.view import find_order
from api.schemas import NO_CONTROLS, Amount, Answer, Body, CaseId, Prose, Quantity, Sku
from domain import ids
from domain.money import Money, NotMoney
from domain.returns.kinds import KINDS, RefundTo, ReturnKind
from models.order import OrderLineRow, OrderRow
from models.returns import ReturnReasonRow
from models.stock import ProductRow
from record.messages.partner_events import NewEvent
from record.people.photos import PREFIX, name_photos

router = APIRouter(tags=["returns"], route_class=OnceRoute)


Evidence = Annotated[str, Field(min_length=1, max_length=300, pattern=NO_CONTROLS)]


class ReturnLineBody(Body):
    """`replacement_sku` is what an exchange sends instead; without it, the same SKU again. `replacement_price` is what
    one unit of it costs; without it, what was paid for the units that come back. The difference is paid back, charged
    by a payment link or given, as the terms say. Only keys that decide about returns may name a price."""

    line_no: Annotated[int, Field(ge=1, le=MAX_LINES)]
    quantity: Quantity
    replacement_sku: Sku | None = None
    replacement_price: Amount | None = None


class ReturnBody(Body):
    """A request for after-sales. `case_id` is the caller's own number, unique within the order.

    A claim asks for an `amount` of goodwill; every other kind names lines. `evidence` are references to photos:
    those of `POST /orders/{order_id}/photos`, or your own.
    """

    case_id: CaseId
    kind: Annotated[ReturnKind, Field(strict=False)] = ReturnKind.RETURN_AND_REFUND
    reason: Annotated[Prose, Field(min_length=1, max_length=300, description="Name nobody.")]
    reason_code: Annotated[
        str, Field(max_length=60, pattern=NO_CONTROLS, description="One of `GET /return-reasons`.")
    ] = ""
    lines: Annotated[tuple[ReturnLineBody, ...], Field(max_length=MAX_LINES)] = ()
    amount: Amount | None = None
    evidence: Annotated[tuple[Evidence, ...], Field(max_length=20)] = ()
    refund_to: Annotated[
        RefundTo | None, Field(strict=False, description="The customer's wish; without one the channel's terms say.")
    ] = None


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
            200: ("The same case again: the answer of the first request", examples.RETURN_ASKED),
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
    """Safe to send again: a case is identified by its id. `GET /returns/{return_id}` shows whether it is approved."""
    told, new = await ask(services, caller, order_id, await read_body(request, ReturnBody))
    if not new:
        response.status_code = 200
    return told


async def ask(services: Services, caller: Caller, order_id: str, body: ReturnBody) -> tuple[ReturnAsked, bool]:
    """Ask for a return for this caller, whose right was checked. Return the answer, and False if it is the same request
    again. Raises a Problem that names the fields at fault."""
    order, faults = await run_in_threadpool(_check, services, order_id, caller, body)
    if faults:
        raise invalid_fields(faults)
    if unknown := await run_in_threadpool(_name_photos, services, order_id, body):
        raise invalid_fields(unknown)
    stored = await commit(services.events, _event(order, body))
    if not stored.same:
        raise Problem(OTHER_BODY, "this case id came before with another body")
    return _answer(services, order, body.case_id), stored.new


def _check(services: Services, order_id: str, caller: Caller, body: ReturnBody) -> tuple[OrderRow, list[FieldError]]:
    """Return the order, and the faults of the request."""
    with services.sessions() as session:
        order = find_order(session, order_id, caller)
        lines = select(OrderLineRow.line_no, OrderLineRow.quantity).where(OrderLineRow.order_id == order_id)
        ordered = {row.line_no: row.quantity for row in session.execute(lines)}
        faults = *_faults(body, ordered), *_unknown(session, body), *_wrong_amount(order, body)
        return order, [*faults, *_wrong_prices(order, body, caller)]


def _name_photos(services: Services, order_id: str, body: ReturnBody) -> list[FieldError]:
    """Keep the photos that are named as evidence, and return the faults of those that cannot be."""
    named = [one.removeprefix(PREFIX) for one in body.evidence if one.startswith(PREFIX)]
    if not named:
        return []
    with services.sessions.begin() as session:
        missing = name_photos(session, order_id, body.case_id, named)
    places = {one: place for place, one in enumerate(body.evidence)}
    return [{"field": f"evidence[{places[PREFIX + one]}]", "message": "no photo of this order"} for one in missing]


def _unknown(session: Session, body: ReturnBody) -> Iterator[FieldError]:
    if body.reason_code:
        reason = session.get(ReturnReasonRow, body.reason_code)
        if reason is None or not reason.active:
            yield {"field": "reason_code", "message": "not one of GET /return-reasons"}
    for index, line in enumerate(body.lines):
        if line.replacement_sku is None:
            continue
        field = f"lines[{index}].replacement_sku"
        if body.kind != ReturnKind.EXCHANGE:
            yield {"field": field, "message": "only an exchange sends something else"}
        elif session.get(ProductRow, line.replacement_sku) is None:
            yield {"field": field, "message": "there is no such product"}


def _wrong_amount(order: OrderRow, body: ReturnBody) -> Iterator[FieldError]:
    if (body.kind == ReturnKind.CLAIM) != (body.amount is not None):
        yield {"field": "amount", "message": "a claim needs one, and nothing else has one"}
    elif body.amount is not None:
        try:
            Money.parse(body.amount, order.currency)
        except NotMoney as error:
            yield {"field": "amount", "message": str(error)}


def _wrong_prices(order: OrderRow, body: ReturnBody, caller: Caller) -> Iterator[FieldError]:
    for index, line in enumerate(body.lines):
        if line.replacement_price is None:
            continue
        field = f"lines[{index}].replacement_price"
        if body.kind != ReturnKind.EXCHANGE:
            yield {"field": field, "message": "only an exchange sends something else"}
        elif not caller.may(Right.DECIDE_RETURN):
            yield {"field": field, "message": "this key may not name a price"}
        else:
            try:
                if Money.parse(line.replacement_price, order.currency).minor_units <= 0:
                    yield {"field": field, "message": "is above zero"}
            except NotMoney as error:
                yield {"field": field, "message": str(error)}


def _faults(body: ReturnBody, ordered: Mapping[int, int]) -> Iterator[FieldError]:
    if not body.lines and KINDS[body.kind].of_units:
        yield {"field": "lines", "message": "name the lines that it is about"}
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
    asked = body.model_dump(mode="json", exclude_defaults=True)
    return NewEvent(
        partner="api",
        event_id=f"{order.order_id}:{body.case_id}",
        type="return.requested",
        subject=ids.channel_order_subject(order.channel, order.channel_order_id),
        data={"channel": order.channel, "channel_order_id": order.channel_order_id, **asked},
    )


def _answer(services: Services, order: OrderRow, case_id: str) -> ReturnAsked:
    return_id = ids.return_id(order.order_id, case_id)
    workflow_id = ids.return_workflow_id(order.channel, order.channel_order_id, case_id)
    links = ReturnLinks(
        self=f"/returns/{return_id}",
        order=f"/orders/{order.order_id}",
        workflow=workflow_link(services.settings, workflow_id),
    )
    return ReturnAsked(return_id=return_id, workflow_id=workflow_id, links=links)
