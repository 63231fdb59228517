"""Claims on carriers for lost and damaged parcels, and their outcome."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Request
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import Select, func, select

from api.dependencies import ParcelSteerer, Reader, Services, WithServices, read_body
from api.errors import BAD_KEY, FORBIDDEN, NOT_FOUND, REFUSED, Problem
from api.idempotency import OnceRoute
from api.inputs import Cursor, Filter, Limit, after_number, cut
from api.openapi import json_body, responses
from api.schemas import Answer, Body, Page
from api.shipping import road_examples as examples
from domain.money import Money
from models.deadlines import CarrierClaimRow
from models.fulfillment import ShipmentRow
from models.order import OrderRow

router = APIRouter(tags=["orders"], route_class=OnceRoute)

Status = Literal["open", "paid", "refused", "withdrawn"]


class CarrierClaim(Answer):
    """`kind` is what happened; `amount` what the customer paid for the goods; `remedy` what the customer got instead:
    reship, refund, cancel (the order ended), or empty so far. A claim is withdrawn if the parcel turns up."""

    claim_id: int
    order_id: str
    fulfillment_order_id: str
    carrier: str
    waybill: str
    kind: Literal["lost", "damaged", "silent"]
    amount: str
    currency: str
    status: Status
    remedy: str
    decided_by: str
    opened_at: datetime
    closed_at: datetime | None


class ClaimClosingBody(Body):
    status: Literal["paid", "refused"]


@router.get(
    "/carrier-claims",
    summary="Claims on carriers, newest first",
    responses=responses({200: ("One page", examples.CLAIMS)}, FORBIDDEN),
)
def list_claims(
    caller: Reader,
    services: WithServices,
    status: Status | None = None,
    carrier: Filter = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[CarrierClaim]:
    claim = CarrierClaimRow
    wanted = _claims().order_by(claim.claim_id.desc()).limit(limit + 1)
    if status is not None:
        wanted = wanted.where(claim.status == status)
    if carrier is not None:
        wanted = wanted.where(ShipmentRow.carrier == carrier)
    if caller.channel is not None:
        wanted = wanted.where(OrderRow.channel == caller.channel)
    if (last := after_number(cursor)) is not None:
        wanted = wanted.where(claim.claim_id < last)
    with services.sessions() as session:
        rows, following = cut(session.execute(wanted).all(), limit, lambda row: row[0].claim_id)
    return Page(items=[_answer(row, shipment) for row, shipment in rows], next_cursor=following)


@router.post(
    "/carrier-claims/{claim_id}/close",
    summary="Record whether the carrier pays",
    response_model=CarrierClaim,
    responses=responses({200: ("The claim is closed", examples.CLAIM)}, BAD_KEY, FORBIDDEN, NOT_FOUND, REFUSED),
    openapi_extra=json_body(ClaimClosingBody, examples.CLOSING),
)
async def close_claim(
    claim_id: Annotated[int, Path(ge=1, lt=2**63)], request: Request, caller: ParcelSteerer, services: WithServices
) -> CarrierClaim:
    """A 409 when it was closed with the other outcome, or withdrawn because the parcel turned up."""
    body = await read_body(request, ClaimClosingBody)
    return await run_in_threadpool(_close, services, claim_id, body.status)


def _close(services: Services, claim_id: int, status: str) -> CarrierClaim:
    with services.sessions.begin() as session:
        found = session.execute(_claims().where(CarrierClaimRow.claim_id == claim_id).with_for_update()).first()
        if found is None:
            raise Problem(NOT_FOUND, "there is no such claim")
        row, shipment = found
        if row.status not in ("open", status):
            raise Problem(REFUSED, f"the claim is {row.status}")
        if row.status == "open":
            row.status, row.closed_at = status, func.now()
            session.flush()
            session.refresh(row)
        return _answer(row, shipment)


def _claims() -> Select[CarrierClaimRow, ShipmentRow]:
    claim = CarrierClaimRow
    return (
        select(claim, ShipmentRow)
        .join(ShipmentRow, ShipmentRow.shipment_id == claim.shipment_id)
        .join(OrderRow, OrderRow.order_id == claim.order_id)
    )


def _answer(row: CarrierClaimRow, shipment: ShipmentRow) -> CarrierClaim:
    amount = Money(row.amount_minor, row.currency).text
    parcel = {"carrier": shipment.carrier, "waybill": shipment.waybill}
    return CarrierClaim.model_validate({**vars(row), **parcel, "amount": amount})
