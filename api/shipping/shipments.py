"""Read a shipment, or void it so that its parcel is booked again."""

from hashlib import sha256
from typing import Annotated, Literal

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import Field

from api.access import Caller
from api.dependencies import Reader, Services, Voider, WithServices, read_body
from api.errors import BAD_KEY, FORBIDDEN, NOT_FOUND, REFUSED, Problem
from api.idempotency import OnceRoute
from api.inputs import PathId
from api.openapi import json_body, responses
from api.orders.updates import ask_order
from api.schemas import Answer, Body, Prose
from api.shipping import carrier_examples as examples
from api.shipping.shipment_view import WholeShipment, find_shipment, shipment_answer
from models.order import OrderRow
from workflows.messages import VoidAnswer, VoidRequest

router = APIRouter(tags=["shipments"], route_class=OnceRoute)


class VoidBody(Body):
    reason: Annotated[Prose, Field(min_length=1, max_length=300, description="Kept in the history: name nobody.")]


class VoidTold(Answer):
    """`done`: the waybill is void and the parcel is booked again. `pending`: the order has not answered yet."""

    answer: Literal["done", "pending"]
    shipment_id: str


@router.get(
    "/shipments/{shipment_id}",
    summary="One shipment",
    responses=responses({200: ("The shipment", examples.SHIPMENT)}, NOT_FOUND),
)
def show_shipment(shipment_id: PathId, caller: Reader, services: WithServices) -> WholeShipment:
    """With its parcels, estimated cost, tracking, and the offers of all carriers."""
    with services.sessions() as session:
        return shipment_answer(session, *find_shipment(session, shipment_id, caller), caller)


@router.post(
    "/shipments/{shipment_id}/void",
    summary="Void a waybill and book the parcel again",
    response_model=VoidTold,
    responses=responses(
        {
            200: ("It is void; the parcel is being booked again", examples.VOIDED),
            202: ("Sent; the order has not answered yet", examples.VOIDED | {"answer": "pending"}),
        },
        BAD_KEY,
        FORBIDDEN,
        NOT_FOUND,
        REFUSED,
    ),
    openapi_extra=json_body(VoidBody, examples.VOID),
)
async def void_shipment(
    shipment_id: PathId, request: Request, response: Response, caller: Voider, services: WithServices
) -> VoidTold:
    """While the parcel is still here; a 409 when the carrier has it. All its orders share the new waybill as well."""
    body = await read_body(request, VoidBody)
    order = await run_in_threadpool(_order_of, services, shipment_id, caller)
    void = VoidRequest(shipment_id=shipment_id, actor=caller.name, reason=body.reason)
    digest = sha256(f"{shipment_id}\n{caller.name}\n{body.reason}".encode()).hexdigest()
    answer = await ask_order(services, order, "void_shipment", void, VoidAnswer, f"void:{digest[:24]}")
    if answer is None:
        response.status_code = 202
    elif answer.answer == "refused":
        raise Problem(REFUSED, "the carrier has the parcel")
    return VoidTold(answer="done" if answer else "pending", shipment_id=shipment_id)


def _order_of(services: Services, shipment_id: str, caller: Caller) -> OrderRow:
    with services.sessions() as session:
        shipment, orders = find_shipment(session, shipment_id, caller)
        if shipment.voided_at is not None or not orders:
            raise Problem(REFUSED, "it is void already")
        return orders[0]
