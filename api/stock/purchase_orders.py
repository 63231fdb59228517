"""Read purchase orders of the ERP: what is in transit, what was received, and when the rest is due."""

from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from sqlalchemy import select

from api.dependencies import OperationsReader, WithServices
from api.errors import FORBIDDEN, NOT_FOUND, Problem
from api.inputs import Cursor, Filter, Limit, PathId, after, cut
from api.openapi import responses
from api.schemas import Answer, Page
from api.stock import arrival_examples as examples
from models.arrivals import GoodsReceiptRow, PurchaseLineRow, PurchaseOrderRow

router = APIRouter(tags=["stock"])


class PurchaseOrderSummary(Answer):
    """`location_id` is null if only a cancellation has come."""

    purchase_order_id: str
    location_id: str | None
    status: Literal["open", "received", "canceled"]
    revision: int
    placed_at: datetime
    changed_at: datetime


class PurchaseLineAnswer(Answer):
    sku: str
    due_on: date
    quantity: int
    received: int


class ReceiptAnswer(Answer):
    """`damaged` of the units were quarantined."""

    receipt_id: str
    sku: str
    location_id: str
    quantity: int
    damaged: int
    received_at: datetime


class PurchaseOrderAnswer(PurchaseOrderSummary):
    """Received units fill the line that is due first; units beyond the lines are in the receipts only."""

    lines: list[PurchaseLineAnswer]
    receipts: list[ReceiptAnswer]


@router.get(
    "/purchase-orders",
    summary="Purchase orders",
    responses=responses({200: ("One page", examples.PURCHASE_ORDERS)}, FORBIDDEN),
)
def list_purchase_orders(
    caller: OperationsReader,
    services: WithServices,
    status: Annotated[Literal["open", "received", "canceled"] | None, Query(description="Only these")] = None,
    location: Filter = None,
    sku: Filter = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[PurchaseOrderSummary]:
    """Sorted by id."""
    wanted = select(PurchaseOrderRow).order_by(PurchaseOrderRow.purchase_order_id).limit(limit + 1)
    if status is not None:
        wanted = wanted.where(PurchaseOrderRow.status == status)
    if location is not None:
        wanted = wanted.where(PurchaseOrderRow.location_id == location)
    if sku is not None:
        of_sku = select(PurchaseLineRow.purchase_order_id).where(PurchaseLineRow.sku == sku)
        wanted = wanted.where(PurchaseOrderRow.purchase_order_id.in_(of_sku))
    if (last := after(cursor)) is not None:
        wanted = wanted.where(PurchaseOrderRow.purchase_order_id > last)
    with services.sessions() as session:
        rows, next_cursor = cut(session.scalars(wanted).all(), limit, lambda row: row.purchase_order_id)
    return Page(items=[PurchaseOrderSummary.model_validate(row) for row in rows], next_cursor=next_cursor)


@router.get(
    "/purchase-orders/{purchase_order_id}",
    summary="One purchase order",
    responses=responses({200: ("With its receipts", examples.PURCHASE_ORDER)}, FORBIDDEN, NOT_FOUND),
)
def read_purchase_order(
    purchase_order_id: PathId, caller: OperationsReader, services: WithServices
) -> PurchaseOrderAnswer:
    """With its lines, sorted by due date, and its receipts."""
    of_lines, of_receipts = PurchaseLineRow.purchase_order_id, GoodsReceiptRow.purchase_order_id
    lines = select(PurchaseLineRow).where(of_lines == purchase_order_id)
    receipts = select(GoodsReceiptRow).where(of_receipts == purchase_order_id)
    with services.sessions() as session:
        row = session.get(PurchaseOrderRow, purchase_order_id)
        if row is None:
            raise Problem(NOT_FOUND, "there is no such purchase order")
        due = session.scalars(lines.order_by(PurchaseLineRow.due_on, PurchaseLineRow.sku)).all()
        came = session.scalars(receipts.order_by(GoodsReceiptRow.received_at, GoodsReceiptRow.sku)).all()
        summary = PurchaseOrderSummary.model_validate(row)
    return PurchaseOrderAnswer(
        **summary.model_dump(),
        lines=[PurchaseLineAnswer.model_validate(line) for line in due],
        receipts=[ReceiptAnswer.model_validate(receipt) for receipt in came],
    )
