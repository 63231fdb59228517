"""What carriers collect at the door, and what they remit of it."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import Field, ValidationInfo, field_validator
from sqlalchemy import select

from api.dependencies import OperationsReader, Services, Settler, WithServices, read_body
from api.errors import BAD_KEY, FORBIDDEN, OTHER_BODY, Problem
from api.idempotency import OnceRoute
from api.inputs import Cursor, Filter, Limit, after, cut
from api.openapi import json_body, responses
from api.schemas import NO_CONTROLS, Amount, Answer, Body, Currency, Page, Reference
from api.shipping import cash_examples as examples
from domain.money import Money, NotMoney
from models.cash import CashCollectionRow, RemittanceRow
from models.fulfillment import ShipmentRow
from record.shipping.remittances import Remittance, take

router = APIRouter(tags=["shipments"], route_class=OnceRoute)

State = Literal["asked", "collected", "remitted", "void"]
MAX_LINES = 10_000


class CashCollection(Answer):
    """`asked` of the carrier, `collected` when it has delivered, `remitted` when it has paid us, `void` if the booking
    was given back or the goods came back."""

    shipment_id: str
    order_id: str
    carrier: str | None
    waybill: str | None
    amount: str
    currency: str
    state: State
    asked_at: datetime
    collected_at: datetime | None
    remitted_at: datetime | None
    remittance_id: str | None
    remitted: str | None


class RemittanceLineBody(Body):
    waybill: Annotated[str, Field(min_length=1, max_length=100, pattern=NO_CONTROLS)]
    amount: Amount


class RemittanceBody(Body):
    """One payment of a carrier. A repeat of its `reference` books nothing more."""

    carrier: Annotated[str, Field(min_length=1, max_length=60, pattern=NO_CONTROLS)]
    reference: Reference
    currency: Currency
    lines: Annotated[tuple[RemittanceLineBody, ...], Field(min_length=1, max_length=MAX_LINES)]

    @field_validator("lines")
    @classmethod
    def _once_each(cls, lines: tuple[RemittanceLineBody, ...], info: ValidationInfo) -> tuple[RemittanceLineBody, ...]:
        if len({line.waybill for line in lines}) < len(lines):
            raise ValueError("names a waybill twice")
        for line in lines:
            _minor(line.amount, info.data.get("currency", "CNY"))
        return lines


class CashDifference(Answer):
    """`unknown_here`: nothing was to be collected under this waybill. `ours` is what was, `theirs` what is remitted."""

    kind: Literal["unknown_here", "amount_differs", "remitted_twice"]
    waybill: str
    ours: str
    theirs: str


class RemittanceAnswer(Answer):
    remittance_id: str
    carrier: str
    currency: str
    lines: int
    total: str
    differences: list[CashDifference]
    received_at: datetime


@router.get(
    "/cash-collections",
    summary="What carriers collect at the door, and what they owe",
    responses=responses({200: ("One page, by shipment", examples.COLLECTIONS)}, FORBIDDEN),
)
def list_collections(
    caller: OperationsReader,
    services: WithServices,
    state: State | None = None,
    carrier: Filter = None,
    collected_before: Annotated[datetime | None, Query(description="With `state=collected`: owed since then")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[CashCollection]:
    """With `state=collected` what carriers have in hand and have not remitted."""
    row = CashCollectionRow
    wanted = select(row, ShipmentRow).outerjoin(ShipmentRow, ShipmentRow.shipment_id == row.shipment_id)
    if state is not None:
        wanted = wanted.where(row.state == state)
    if carrier is not None:
        wanted = wanted.where(ShipmentRow.carrier == carrier)
    if collected_before is not None:
        wanted = wanted.where(row.collected_at < collected_before)
    if (last := after(cursor)) is not None:
        wanted = wanted.where(row.shipment_id > last)
    with services.sessions() as session:
        found = session.execute(wanted.order_by(row.shipment_id).limit(limit + 1)).all()
        rows, following = cut(found, limit, lambda one: one[0].shipment_id)
    return Page(items=[_collection(one, shipment) for one, shipment in rows], next_cursor=following)


@router.post(
    "/remittances",
    status_code=201,
    summary="Book what a carrier remits",
    response_model=RemittanceAnswer,
    responses=responses(
        {201: ("It is booked", examples.TAKEN), 200: ("It was booked before", examples.TAKEN)},
        BAD_KEY,
        FORBIDDEN,
        OTHER_BODY,
    ),
    openapi_extra=json_body(RemittanceBody, examples.REMITTANCE),
)
async def take_remittance(
    request: Request, response: Response, caller: Settler, services: WithServices
) -> RemittanceAnswer:
    """Each line is matched with what its carrier was to collect; what does not agree is a difference, and the other
    lines are booked."""
    body = await read_body(request, RemittanceBody)
    lines = [(line.waybill, _minor(line.amount, body.currency)) for line in body.lines]
    remittance = Remittance(body.carrier, body.reference, body.currency, lines, caller.name)
    answer, new = await run_in_threadpool(_take, services, remittance)
    response.status_code = 201 if new else 200
    return answer


@router.get(
    "/remittances",
    summary="What carriers have remitted",
    responses=responses({200: ("One page, by carrier and reference", examples.REMITTANCES)}, FORBIDDEN),
)
def list_remittances(
    caller: OperationsReader, services: WithServices, carrier: Filter = None, cursor: Cursor = None, limit: Limit = 50
) -> Page[RemittanceAnswer]:
    """With what did not agree with what was to be collected."""
    wanted = select(RemittanceRow).order_by(RemittanceRow.remittance_id).limit(limit + 1)
    if carrier is not None:
        wanted = wanted.where(RemittanceRow.carrier == carrier)
    if (last := after(cursor)) is not None:
        wanted = wanted.where(RemittanceRow.remittance_id > last)
    with services.sessions() as session:
        rows, following = cut(session.scalars(wanted).all(), limit, lambda row: row.remittance_id)
    return Page(items=[_answer(row) for row in rows], next_cursor=following)


def _take(services: Services, remittance: Remittance) -> tuple[RemittanceAnswer, bool]:
    with services.sessions.begin() as session:
        row, new = take(session, remittance)
        if row.request_hash != remittance.hash:
            raise Problem(OTHER_BODY, "this carrier's reference came before with other lines")
        session.flush()
        session.refresh(row)
        return _answer(row), new


def _minor(amount: str, currency: str) -> int:
    try:
        minor = Money.parse(amount, currency).minor_units
    except NotMoney as error:
        raise ValueError(str(error)) from None
    if minor < 0:
        raise ValueError("is below zero")
    return minor


def _answer(row: RemittanceRow) -> RemittanceAnswer:
    return RemittanceAnswer.model_validate({**vars(row), "total": Money(row.total_minor, row.currency).text})


def _collection(row: CashCollectionRow, shipment: ShipmentRow | None) -> CashCollection:
    remitted = None if row.remitted_minor is None else Money(row.remitted_minor, row.currency).text
    return CashCollection.model_validate(
        {
            **vars(row),
            "carrier": shipment and shipment.carrier,
            "waybill": shipment and shipment.waybill,
            "amount": Money(row.amount_minor, row.currency).text,
            "remitted": remitted,
        }
    )
