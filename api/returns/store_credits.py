"""Store credits that a customer got for returns."""

from datetime import datetime

from fastapi import APIRouter
from sqlalchemy import select

from api.dependencies import CreditReader, WithServices
from api.errors import FORBIDDEN
from api.inputs import Cursor, Limit, PathId, after, cut
from api.openapi import responses
from api.returns import examples
from api.schemas import Answer, Page
from domain.money import Money
from models.order import OrderRow
from models.payment import StoreCreditRow

router = APIRouter(tags=["returns"])


class StoreCreditAnswer(Answer):
    """The amount granted. The CRM knows how much of it the customer has spent."""

    code: str
    order_id: str
    return_id: str
    amount: str
    currency: str
    created_at: datetime


@router.get(
    "/customers/{customer_id}/store-credits",
    summary="The store credits of a customer",
    responses=responses({200: ("One page, by code", examples.STORE_CREDITS)}, FORBIDDEN),
)
def list_store_credits(
    customer_id: PathId, caller: CreditReader, services: WithServices, cursor: Cursor = None, limit: Limit = 50
) -> Page[StoreCreditAnswer]:
    """An unknown customer has none. A channel's key sees the credits of its own orders."""
    which = [StoreCreditRow.customer_id == customer_id]
    if caller.channel is not None:
        which.append(OrderRow.channel == caller.channel)
    if (last := after(cursor)) is not None:
        which.append(StoreCreditRow.code > last)
    credits = select(StoreCreditRow).join(OrderRow, OrderRow.order_id == StoreCreditRow.order_id).where(*which)
    with services.sessions() as session:
        rows = session.scalars(credits.order_by(StoreCreditRow.code).limit(limit + 1)).all()
    page, next_cursor = cut(rows, limit, lambda credit: credit.code)
    return Page(items=[_answer(row) for row in page], next_cursor=next_cursor)


def _answer(row: StoreCreditRow) -> StoreCreditAnswer:
    return StoreCreditAnswer(
        code=row.code,
        order_id=row.order_id,
        return_id=row.return_id,
        amount=Money(row.amount_minor, row.currency).text,
        currency=row.currency,
        created_at=row.created_at,
    )
