"""Store credits and gift cards of ours: their balances, and how they were spent."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Response
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from api.dependencies import CreditReader, Services, WithServices
from api.errors import FORBIDDEN, NOT_FOUND, Problem
from api.inputs import Cursor, Filter, Limit, PathId, after, cut
from api.openapi import responses
from api.returns import credit_examples as examples
from api.schemas import Answer, Page
from domain.money import Money
from models.payment import StoreCreditMovementRow, StoreCreditRow

router = APIRouter(tags=["returns"])

Kind = Literal["store_credit", "gift_card"]
CreditId = Annotated[str, Path(pattern=r"^cr_[0-9a-f]{24}$", description="The public id, which spends nothing.")]


class StoreCreditAnswer(Answer):
    """`amount` was granted, and `balance` is left of it. Whoever has the code may spend it."""

    credit_id: str
    code: str
    kind: Kind
    customer_id: str
    order_id: str | None
    return_id: str | None
    issued_by: str
    amount: str
    balance: str
    currency: str
    created_at: datetime


class CreditMovement(Answer):
    kind: Literal["spent", "given_back"]
    order_id: str
    amount: str
    at: datetime


class StoreCreditPage(StoreCreditAnswer):
    """With what orders have spent of it and gave back, the first movement first."""

    movements: list[CreditMovement]


@router.get(
    "/customers/{customer_id}/store-credits",
    summary="The store credits of a customer",
    responses=responses({200: ("One page, by code", examples.STORE_CREDITS)}, FORBIDDEN),
)
def list_of_customer(
    customer_id: PathId, caller: CreditReader, services: WithServices, cursor: Cursor = None, limit: Limit = 50
) -> Page[StoreCreditAnswer]:
    """An unknown customer has none."""
    return _page(services, [StoreCreditRow.customer_id == customer_id], StoreCreditRow.code, cursor, limit)


@router.get(
    "/store-credits",
    summary="Store credits and gift cards with their balances",
    responses=responses({200: ("One page, by credit_id", examples.STORE_CREDITS)}, FORBIDDEN),
)
def list_store_credits(
    caller: CreditReader,
    services: WithServices,
    kind: Kind | None = None,
    customer_id: Filter = None,
    left: bool | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[StoreCreditAnswer]:
    """`left=true`: of which something is left."""
    C, which = StoreCreditRow, list[ColumnElement[bool]]()
    if kind is not None:
        which.append(C.kind == kind)
    if customer_id is not None:
        which.append(C.customer_id == customer_id)
    if left is not None:
        which.append(C.spent_minor < C.amount_minor if left else C.spent_minor == C.amount_minor)
    return _page(services, which, C.credit_id, cursor, limit)


@router.get(
    "/store-credits/{credit_id}",
    summary="One store credit, and how it was spent",
    responses=responses({200: ("With its movements", examples.STORE_CREDIT)}, FORBIDDEN, NOT_FOUND),
)
def show_store_credit(
    credit_id: CreditId, caller: CreditReader, services: WithServices, response: Response
) -> StoreCreditPage:
    """Named by its id: a code in an address would be in the logs of everybody on the way."""
    response.headers["Cache-Control"] = "no-store"
    with services.sessions() as session:
        return page_of(session, credit_id)


def page_of(session: Session, credit_id: str) -> StoreCreditPage:
    """Return one credit with its movements; a 404 if there is none."""
    row = session.scalar(select(StoreCreditRow).where(StoreCreditRow.credit_id == credit_id))
    if row is None:
        raise Problem(NOT_FOUND, "there is no such store credit")
    of_credit = select(StoreCreditMovementRow).where(StoreCreditMovementRow.credit_id == credit_id)
    moved = session.scalars(of_credit.order_by(StoreCreditMovementRow.movement_id)).all()
    return StoreCreditPage.model_validate(_fields(row) | {"movements": _movements(row, moved)})


def _page(
    services: Services, which: list[ColumnElement[bool]], by: Any, cursor: str | None, limit: int
) -> Page[StoreCreditAnswer]:
    if (last := after(cursor)) is not None:
        which = [*which, by > last]
    with services.sessions() as session:
        rows = session.scalars(select(StoreCreditRow).where(*which).order_by(by).limit(limit + 1)).all()
    page, next_cursor = cut(rows, limit, lambda row: str(getattr(row, by.key)))
    return Page(items=[StoreCreditAnswer.model_validate(_fields(row)) for row in page], next_cursor=next_cursor)


def _movements(row: StoreCreditRow, moved: Sequence[StoreCreditMovementRow]) -> list[CreditMovement]:
    return [
        CreditMovement.model_validate({**vars(one), "amount": Money(one.amount_minor, row.currency).text})
        for one in moved
    ]


def _fields(row: StoreCreditRow) -> dict[str, Any]:
    left = Money(row.amount_minor - row.spent_minor, row.currency)
    return {**vars(row), "amount": Money(row.amount_minor, row.currency).text, "balance": left.text}
