"""Disputes of customers with their bank: what is disputed, until when to answer, and with what proof."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import Field, model_validator
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from api.access import Caller
from api.dependencies import DisputeTeller, Reader, Services, Settler, WithServices, read_body
from api.errors import BAD_KEY, FORBIDDEN, NOT_FOUND, REFUSED, Problem
from api.idempotency import OnceRoute
from api.inputs import Cursor, Filter, Limit, PathId, after_moment, cut, moment_key
from api.openapi import json_body, responses
from api.payments import dispute_examples as examples
from api.schemas import REFERENCE, Amount, Answer, Body, Currency, Page, Time
from domain.disputes import DisputeOutcome, DisputeReport, Stage
from domain.money import Money
from models.disputes import DisputeRow
from models.order import OrderRow
from record.channels.events import disputed
from record.messages.partner_events import store
from record.order_mapping import lock_order
from record.orders.disputes import tell
from record.orders.evidence import ask_to_send, evidence_of

router = APIRouter(tags=["payments"], route_class=OnceRoute)
D = DisputeRow


class DisputeAnswer(Answer):
    """`taken` of our money is gone until it is decided. `evidence_by` has asked to send the proof of delivery, which
    was sent at `evidence_at`."""

    dispute_id: str
    order_id: str
    payment_reference: str
    amount: str
    taken: str
    currency: str
    reason_code: str
    stage: Stage
    respond_by: datetime | None
    outcome: Literal["", "won", "lost"]
    opened_at: datetime
    decided_at: datetime | None
    evidence_at: datetime | None
    evidence_by: str


class Parcel(Answer):
    carrier: str
    waybill: str
    shipped_at: datetime | None
    delivered_at: datetime | None
    signed: bool | None


class MaskedReceiver(Answer):
    """The first letter of the name, and where the goods went."""

    name: str
    country: str
    province: str


class EvidenceAnswer(Answer):
    channel_order_id: str
    payment_reference: str
    placed_at: datetime
    receiver: MaskedReceiver
    parcels: list[Parcel]


class DisputeBody(Body):
    """What a channel says of a dispute; the same id again is its newest state."""

    dispute_id: Annotated[str, Field(min_length=1, max_length=100, pattern=REFERENCE)]
    amount: Amount
    currency: Currency
    reason_code: Annotated[str, Field(max_length=100, pattern=r"^[A-Za-z0-9_.-]*$")] = ""
    stage: Annotated[Stage, Field(strict=False)] = Stage.CHARGEBACK
    respond_by: Time | None = None
    outcome: Annotated[DisputeOutcome | None, Field(strict=False)] = None

    @model_validator(mode="after")
    def _amount_of_its_currency(self) -> "DisputeBody":
        if Money.parse(self.amount, self.currency).minor_units <= 0:
            raise ValueError("amount is above zero")
        return self


@router.get(
    "/disputes",
    summary="Disputes, newest first",
    responses=responses({200: ("One page", examples.DISPUTES)}, FORBIDDEN),
)
def list_disputes(
    caller: Reader,
    services: WithServices,
    open_only: bool = True,
    order_id: Filter = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[DisputeAnswer]:
    """A key of a channel sees those of its own orders."""
    wanted = _disputes(caller).order_by(D.opened_at.desc(), D.dispute_id).limit(limit + 1)
    if open_only:
        wanted = wanted.where(D.outcome == "")
    if order_id is not None:
        wanted = wanted.where(D.order_id == order_id)
    if (last := after_moment(cursor)) is not None:
        at, name = last
        wanted = wanted.where((D.opened_at < at) | ((D.opened_at == at) & (D.dispute_id > name)))
    with services.sessions() as session:
        found = session.scalars(wanted).all()
        rows, following = cut(found, limit, lambda row: moment_key(row.opened_at, row.dispute_id))
    return Page(items=[_answer(row) for row in rows], next_cursor=following)


@router.post(
    "/orders/{order_id}/disputes",
    summary="Tell of a dispute about an order's payment",
    response_model=DisputeAnswer,
    responses=responses({200: ("It is known", examples.DISPUTE)}, BAD_KEY, FORBIDDEN, NOT_FOUND, REFUSED),
    openapi_extra=json_body(DisputeBody, examples.TOLD),
)
async def tell_dispute(
    order_id: PathId, request: Request, caller: DisputeTeller, services: WithServices
) -> DisputeAnswer:
    """What has not left is held, and the money counts as gone until `outcome` is won. A decided dispute stays so."""
    body = await read_body(request, DisputeBody)
    return await run_in_threadpool(_tell, services, caller, order_id, body)


@router.get(
    "/disputes/{dispute_id}/evidence",
    summary="The proof of delivery for a dispute",
    responses=responses({200: ("What we know", examples.EVIDENCE)}, FORBIDDEN, NOT_FOUND),
)
def show_evidence(dispute_id: PathId, caller: Reader, services: WithServices) -> EvidenceAnswer:
    """Parcels, waybills, times of delivery and signatures; the receiver is masked for everybody."""
    with services.sessions() as session:
        return EvidenceAnswer.model_validate(evidence_of(session, _find(session, caller, dispute_id)))


@router.post(
    "/disputes/{dispute_id}/evidence",
    summary="Send the proof of delivery",
    response_model=DisputeAnswer,
    responses=responses({200: ("It is sent, or will be", examples.SENT)}, BAD_KEY, FORBIDDEN, NOT_FOUND, REFUSED),
)
def send_evidence(dispute_id: PathId, caller: Settler, services: WithServices) -> DisputeAnswer:
    """For a dispute of the gateway it is sent by a run of its own; of any other, this books that somebody has sent it.
    A 409 when the dispute is decided."""
    with services.sessions.begin() as session:
        row = _find(session, caller, dispute_id)
        lock_order(session, row.order_id)
        session.refresh(row)
        if row.outcome:
            raise Problem(REFUSED, f"the dispute is {row.outcome}")
        ask_to_send(session, row, caller.name)
        session.flush()
        return _answer(row)


def _tell(services: Services, caller: Caller, order_id: str, body: DisputeBody) -> DisputeAnswer:
    amount = Money.parse(body.amount, body.currency)
    told = DisputeReport(body.dispute_id, amount, body.reason_code, body.stage, body.respond_by, body.outcome)
    with services.sessions.begin() as session:
        order = session.get(OrderRow, order_id)
        if order is None or not caller.sees(order.channel):
            raise Problem(NOT_FOUND, "there is no such order")
        row = tell(session, order_id, told, order.channel)
        if row.order_id != order_id:
            raise Problem(REFUSED, "another order has a dispute with this id")
        session.flush()
        session.refresh(row)
        state = f"{row.dispute_id} {row.stage} {row.outcome}"
        store(session, disputed(order.channel, order.channel_order_id, state))
        return _answer(row)


def _find(session: Session, caller: Caller, dispute_id: str) -> DisputeRow:
    row: DisputeRow | None = session.scalars(_disputes(caller).where(D.dispute_id == dispute_id)).one_or_none()
    if row is None:
        raise Problem(NOT_FOUND, "there is no such dispute")
    return row


def _disputes(caller: Caller) -> Select[Any]:
    wanted = select(D)
    if caller.channel is None:
        return wanted
    return wanted.join(OrderRow, OrderRow.order_id == D.order_id).where(OrderRow.channel == caller.channel)


def _answer(row: DisputeRow) -> DisputeAnswer:
    amounts = {"amount": row.amount_minor, "taken": row.taken_minor}
    texts = {name: Money(minor, row.currency).text for name, minor in amounts.items()}
    return DisputeAnswer.model_validate(vars(row) | texts)
