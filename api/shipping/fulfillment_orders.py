"""Pickup at a store: hand over the goods by code, or send a new code."""

from typing import Annotated, Literal

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import Field
from sqlalchemy.orm import Session

from api.access import Caller
from api.dependencies import HoldReleaser, Services, Warehouser, WithServices, read_body
from api.errors import BAD_KEY, FORBIDDEN, NOT_FOUND, REFUSED, Problem, invalid
from api.idempotency import OnceRoute
from api.inputs import PathId
from api.openapi import json_body, responses
from api.orders.view import find_order
from api.schemas import NO_CONTROLS, Answer, Body
from api.shipping import warehouse_examples as examples
from models.fulfillment import FulfillmentOrderRow
from record.shipping import pickups

router = APIRouter(tags=["warehouse"], route_class=OnceRoute)


class PickupBody(Body):
    """Spaces, dashes and lower case are ignored."""

    code: Annotated[str, Field(min_length=1, max_length=40, pattern=NO_CONTROLS)]


class PickupCodeBody(Body):
    """An empty body."""


class HandedOver(Answer):
    """The goods are the customer's; the order learns of it in a moment."""

    fulfillment_order_id: str
    answer: Literal["handed_over"]


class CodeSent(Answer):
    """The customer is sent a new code; the old one is no longer valid."""

    fulfillment_order_id: str
    answer: Literal["asked"]


@router.post(
    "/fulfillment-orders/{fulfillment_order_id}/pickup",
    summary="Hand over the goods of a pickup",
    response_model=HandedOver,
    responses=responses({200: ("Hand it over", examples.HANDED_OVER)}, BAD_KEY, FORBIDDEN, NOT_FOUND, REFUSED),
    openapi_extra=json_body(PickupBody, examples.PICKUP),
)
async def hand_over(
    fulfillment_order_id: PathId, request: Request, caller: Warehouser, services: WithServices
) -> HandedOver:
    """By the code that the customer shows. A key that enters wrong codes is slowed down (429). Five wrong codes for one
    fulfillment order call a person; the right one still works."""
    body = await read_body(request, PickupBody)
    # Taken before the code is checked: otherwise somebody who tries many at once would still find the right one.
    services.wrong_codes.take(caller.key_id)
    judged = await run_in_threadpool(_judge, services, fulfillment_order_id, caller, body.code)
    if judged == pickups.WRONG:
        raise invalid("code", "not the code")
    services.wrong_codes.give_back(caller.key_id)
    if judged == pickups.NOT_READY:
        raise Problem(REFUSED, "it does not wait to be fetched")
    return HandedOver(fulfillment_order_id=fulfillment_order_id, answer="handed_over")


@router.post(
    "/fulfillment-orders/{fulfillment_order_id}/pickup-code",
    summary="Send a customer a new pickup code",
    response_model=CodeSent,
    responses=responses({200: ("It will be sent", examples.CODE_SENT)}, BAD_KEY, FORBIDDEN, NOT_FOUND, REFUSED),
    openapi_extra=json_body(PickupCodeBody, {}),
)
async def renew_code(
    fulfillment_order_id: PathId, request: Request, caller: HoldReleaser, services: WithServices
) -> CodeSent:
    """For support: it ends a lock after wrong codes, and helps a customer who has lost the message."""
    await read_body(request, PickupCodeBody)
    if not await run_in_threadpool(_renew, services, fulfillment_order_id, caller):
        raise Problem(REFUSED, "it does not wait to be fetched")
    return CodeSent(fulfillment_order_id=fulfillment_order_id, answer="asked")


def _judge(services: Services, fulfillment_order_id: str, caller: Caller, code: str) -> str:
    with services.sessions.begin() as session:
        row = _work(session, fulfillment_order_id, caller)
        return pickups.hand_over(session, row, code, caller.name)


def _renew(services: Services, fulfillment_order_id: str, caller: Caller) -> bool:
    with services.sessions.begin() as session:
        return pickups.request_new_code(session, _work(session, fulfillment_order_id, caller), caller.name)


def _work(session: Session, fulfillment_order_id: str, caller: Caller) -> FulfillmentOrderRow:
    row = session.get(FulfillmentOrderRow, fulfillment_order_id, with_for_update=True)
    if row is None or not caller.works_at(row.location_id):
        raise Problem(NOT_FOUND, "there is no such fulfillment order")
    find_order(session, row.order_id, caller)
    return row
