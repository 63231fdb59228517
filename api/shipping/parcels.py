"""Staff steer parcels on the road: send them to another address, or decide the remedy for a lost or damaged one."""

from hashlib import sha256
from typing import Literal

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from api.dependencies import ParcelSteerer, Services, WithServices, read_body
from api.errors import BAD_KEY, FORBIDDEN, NOT_FOUND, REFUSED, Problem
from api.idempotency import OnceRoute
from api.inputs import PathId
from api.openapi import json_body, responses
from api.orders.commands import links_of, order_of
from api.orders.schemas import AddressBody
from api.orders.updates import ask_order
from api.schemas import Answer, Body, Links, Reference
from api.shipping import road_examples as examples
from domain.status import FulfillmentStatus
from models.deadlines import AddressCorrectionRow
from models.fulfillment import FulfillmentOrderRow
from models.order import OrderRow
from workflows.messages import AddressAnswer, AddressWanted, ParcelAnswer, ParcelDecision

router = APIRouter(tags=["orders"], route_class=OnceRoute)


class NewAddressBody(Body):
    """The whole new address, not only what has changed."""

    ship_to: AddressBody


class ParcelDecisionBody(Body):
    """`fulfillment_order_id` may be left out while one parcel of the order is lost or damaged."""

    action: Literal["reship", "refund", "wait"]
    fulfillment_order_id: Reference | None = None


class ParcelTold(Answer):
    """`done`: it is carried out. `pending`: the order has not answered yet."""

    answer: Literal["done", "pending"]
    links: Links


OUTCOMES = {
    200: ("Carried out", examples.DONE),
    202: ("Sent; the order has not answered yet", examples.DONE | {"answer": "pending"}),
}


@router.post(
    "/orders/{order_id}/address",
    summary="Send parcels on the road to another address",
    response_model=ParcelTold,
    responses=responses(OUTCOMES, BAD_KEY, FORBIDDEN, NOT_FOUND, REFUSED),
    openapi_extra=json_body(NewAddressBody, examples.NEW_ADDRESS),
)
async def correct_address(
    order_id: PathId, request: Request, response: Response, caller: ParcelSteerer, services: WithServices
) -> ParcelTold:
    """The carrier of each parcel is asked; the order has the new address once all agree. A 409 names those that refuse.

    Before a warehouse has the work, the channel changes the address by changing its order.
    """
    body = await read_body(request, NewAddressBody)
    order = await run_in_threadpool(order_of, services, order_id, caller)
    name = await run_in_threadpool(_keep, services, order, body.ship_to, caller.name)
    try:
        answer = await ask_order(services, order, "correct_address", AddressWanted(name), AddressAnswer, name)
    except Problem:
        await run_in_threadpool(_forget, services, name)
        raise
    if answer is None:
        response.status_code = 202
    elif answer.refused:
        raise Problem(REFUSED, f"the carrier does not change the way of {', '.join(answer.refused)}")
    return ParcelTold(answer="done" if answer else "pending", links=links_of(services, order))


@router.post(
    "/orders/{order_id}/parcel",
    summary="Decide what the customer gets instead of a lost or damaged parcel",
    response_model=ParcelTold,
    responses=responses(OUTCOMES, BAD_KEY, FORBIDDEN, NOT_FOUND, REFUSED),
    openapi_extra=json_body(ParcelDecisionBody, examples.DECISION),
)
async def decide_parcel(
    order_id: PathId, request: Request, response: Response, caller: ParcelSteerer, services: WithServices
) -> ParcelTold:
    """`reship` takes new stock for it, `refund` pays for its goods, `wait` asks again after more silence."""
    body = await read_body(request, ParcelDecisionBody)
    order = await run_in_threadpool(order_of, services, order_id, caller)
    decision = ParcelDecision(body.action, caller.name, body.fulfillment_order_id or "")
    on_the_road = await run_in_threadpool(_on_the_road, services, order_id)
    digest = sha256(f"{decision}\n{on_the_road}".encode()).hexdigest()
    answer = await ask_order(services, order, "decide_parcel", decision, ParcelAnswer, f"parcel:{digest[:24]}")
    if answer is None:
        response.status_code = 202
    elif answer.refusal:
        raise Problem(REFUSED, answer.refusal)
    return ParcelTold(answer="done" if answer else "pending", links=links_of(services, order))


def _keep(services: Services, order: OrderRow, ship_to: AddressBody, caller: str) -> str:
    """Store the address, since histories must name nobody. Return its id, the same for the same request."""
    parcels = _on_the_road(services, order.order_id)
    if not parcels:
        raise Problem(REFUSED, "no parcel of the order is on the road")
    address = ship_to.model_dump(mode="json")
    name = "address:" + sha256(f"{order.order_id}\n{address}\n{parcels}".encode()).hexdigest()[:24]
    row = insert(AddressCorrectionRow).values(
        correction_id=name, order_id=order.order_id, address=address, asked_by=caller
    )
    with services.sessions.begin() as session:
        session.execute(row.on_conflict_do_nothing())
    return name


def _forget(services: Services, name: str) -> None:
    with services.sessions.begin() as session:
        unanswered = AddressCorrectionRow.correction_id == name, AddressCorrectionRow.answer == ""
        session.execute(delete(AddressCorrectionRow).where(*unanswered))


def _on_the_road(services: Services, order_id: str) -> list[str]:
    work = FulfillmentOrderRow
    shipped = select(work.shipment_id).where(work.order_id == order_id, work.status == FulfillmentStatus.SHIPPED)
    with services.sessions() as session:
        return sorted(str(shipment) for shipment in session.scalars(shipped))
