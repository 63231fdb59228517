"""Customers who buy on credit: what they may owe, and their invoices."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import Field
from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from api.dependencies import CreditReader, Forgiver, Services, Settler, WithServices, read_body
from api.errors import BAD_KEY, FORBIDDEN, NOT_FOUND, Problem, invalid
from api.idempotency import OnceRoute
from api.inputs import Cursor, Filter, Limit, PathId, after, cut
from api.openapi import json_body, responses
from api.orders import credit_examples as examples
from api.schemas import Amount, Answer, Body, Currency, Page, Reference
from domain.money import Money, NotMoney
from models.credit import CreditAccountRow, InvoiceRow
from record.orders.credit import set_account
from record.orders.invoices import OverPaid, pay, write_off

router = APIRouter(tags=["orders"], route_class=OnceRoute)

State = Literal["due", "overdue", "closed"]
_STATE = case(
    (InvoiceRow.closed_at.is_not(None), "closed"), (InvoiceRow.due_at < func.now(), "overdue"), else_="due"
).label("state")


class CreditAccountBody(Body):
    """`days` are those from the shipment until its invoice is due."""

    currency: Currency
    limit: Amount
    days: Annotated[int, Field(ge=0, le=365)] = 30


class CreditAccount(Answer):
    """`owed` is what open invoices ask for; orders that have not left claim of the limit too."""

    customer_id: str
    currency: str
    limit: str
    days: int
    owed: str
    set_by: str
    set_at: datetime


class InvoicePaymentBody(Body):
    """`payment_id` is the bank's or the book-keeper's: a repeat books nothing more."""

    payment_id: Reference
    amount: Amount
    currency: Currency


class WriteOffBody(Body):
    why: Literal["uncollectible", "disputed", "small_amount"]


class Invoice(Answer):
    """What the customer owes for one parcel, or for goods fetched. `settled` was paid, credited for goods back, or
    written off."""

    invoice_id: str
    order_id: str
    customer_id: str
    currency: str
    amount: str
    settled: str
    state: State
    issued_at: datetime
    due_at: datetime
    closed_at: datetime | None


@router.put(
    "/credit-accounts/{customer_id}",
    summary="Let a customer buy on credit",
    response_model=CreditAccount,
    responses=responses({200: ("It is set", examples.ACCOUNT)}, BAD_KEY, FORBIDDEN),
    openapi_extra=json_body(CreditAccountBody, examples.ACCOUNT_BODY),
)
async def put_account(customer_id: PathId, request: Request, caller: Settler, services: WithServices) -> CreditAccount:
    """Audits from now on judge by it; an order that is held for its credit is audited again when it is looked at."""
    body = await read_body(request, CreditAccountBody)
    limit = _money(body.limit, body.currency, "limit")

    def write() -> CreditAccount:
        with services.sessions.begin() as session:
            set_account(session, customer_id, body.currency, limit.minor_units, body.days, caller.name)
        return _account(services, customer_id)

    return await run_in_threadpool(write)


@router.get(
    "/credit-accounts/{customer_id}",
    summary="What a customer may owe, and owes",
    responses=responses({200: ("The account", examples.ACCOUNT)}, FORBIDDEN, NOT_FOUND),
)
def show_account(customer_id: PathId, caller: CreditReader, services: WithServices) -> CreditAccount:
    return _account(services, customer_id)


@router.get(
    "/invoices",
    summary="Invoices of orders on credit",
    responses=responses({200: ("One page, by id", examples.INVOICES)}, FORBIDDEN),
)
def list_invoices(
    caller: CreditReader,
    services: WithServices,
    state: State | None = None,
    customer_id: Filter = None,
    order_id: Filter = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[Invoice]:
    """One for each parcel that has left."""
    row = InvoiceRow
    wanted = select(row, _STATE).order_by(row.invoice_id).limit(limit + 1)
    if state is not None:
        wanted = wanted.where(_STATE.is_not_distinct_from(state))
        # Few are open: their index is short.
        wanted = wanted if state == "closed" else wanted.where(row.closed_at.is_(None))
    if customer_id is not None:
        wanted = wanted.where(row.customer_id == customer_id)
    if order_id is not None:
        wanted = wanted.where(row.order_id == order_id)
    if (last := after(cursor)) is not None:
        wanted = wanted.where(row.invoice_id > last)
    with services.sessions() as session:
        rows, following = cut(session.execute(wanted).all(), limit, lambda one: one[0].invoice_id)
    return Page(items=[_invoice(one, of) for one, of in rows], next_cursor=following)


@router.post(
    "/invoices/{invoice_id}/payments",
    summary="Book a customer's payment of an invoice",
    response_model=Invoice,
    responses=responses({200: ("It is booked", examples.INVOICE)}, BAD_KEY, FORBIDDEN, NOT_FOUND),
    openapi_extra=json_body(InvoicePaymentBody, examples.PAYMENT),
)
async def pay_invoice(invoice_id: PathId, request: Request, caller: Settler, services: WithServices) -> Invoice:
    """A part, or all of it; a 422 when it is more than the invoice still asks for."""
    body = await read_body(request, InvoicePaymentBody)
    amount = _money(body.amount, body.currency, "amount")
    if not amount.minor_units:
        raise invalid("amount", "is nothing")
    return await run_in_threadpool(_pay, services, invoice_id, body.payment_id, amount, caller.name)


@router.post(
    "/invoices/{invoice_id}/write-off",
    summary="Give up what is left of an invoice",
    response_model=Invoice,
    responses=responses({200: ("It is closed", examples.INVOICE)}, BAD_KEY, FORBIDDEN, NOT_FOUND),
    openapi_extra=json_body(WriteOffBody, examples.WRITE_OFF),
)
async def write_off_invoice(invoice_id: PathId, request: Request, caller: Forgiver, services: WithServices) -> Invoice:
    """Nothing is asked for any more, and nothing is captured; a payment that comes after all is booked as any other."""
    body = await read_body(request, WriteOffBody)

    def write() -> Invoice:
        with services.sessions.begin() as session:
            return _answer(session, invoice_id, write_off(session, invoice_id, body.why, caller.name))

    return await run_in_threadpool(write)


def _pay(services: Services, invoice_id: str, payment_id: str, amount: Money, actor: str) -> Invoice:
    with services.sessions.begin() as session:
        try:
            row = pay(session, invoice_id, payment_id, amount, actor)
        except OverPaid as error:
            raise invalid("amount", str(error)) from None
        except ValueError as error:
            raise invalid("currency", str(error)) from None
        return _answer(session, invoice_id, row)


def _answer(session: Session, invoice_id: str, row: InvoiceRow | None) -> Invoice:
    if row is None:
        raise Problem(NOT_FOUND, "there is no such invoice")
    session.flush()
    found = session.execute(select(InvoiceRow, _STATE).where(InvoiceRow.invoice_id == invoice_id)).one()
    session.refresh(found[0])
    return _invoice(*found)


def _account(services: Services, customer_id: str) -> CreditAccount:
    owes = InvoiceRow.customer_id == customer_id, InvoiceRow.closed_at.is_(None)
    with services.sessions() as session:
        row = session.get(CreditAccountRow, customer_id)
        if row is None:
            raise Problem(NOT_FOUND, "this customer has no credit")
        open_minor = select(func.coalesce(func.sum(InvoiceRow.amount_minor - InvoiceRow.settled_minor), 0))
        owed = int(session.scalar(open_minor.where(*owes, InvoiceRow.currency == row.currency)) or 0)
        return CreditAccount.model_validate(
            {
                **vars(row),
                "limit": Money(row.limit_minor, row.currency).text,
                "owed": Money(owed, row.currency).text,
            }
        )


def _invoice(row: InvoiceRow, state: State) -> Invoice:
    amount, settled = Money(row.amount_minor, row.currency).text, Money(row.settled_minor, row.currency).text
    return Invoice.model_validate({**vars(row), "amount": amount, "settled": settled, "state": state})


def _money(amount: str, currency: str, field: str) -> Money:
    try:
        money = Money.parse(amount, currency)
    except NotMoney as error:
        raise invalid(field, str(error)) from None
    if money.minor_units < 0:
        raise invalid(field, "is below zero")
    return money
