"""Stock alerts: SKUs that are low, out or back."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from sqlalchemy import select

from api.channels import listing_examples as examples
from api.dependencies import OperationsReader, WithServices
from api.errors import FORBIDDEN
from api.inputs import Cursor, Filter, Limit, after, cut, not_a_cursor
from api.openapi import responses
from api.schemas import Answer, Page
from models.listing import StockAlertRow

router = APIRouter(tags=["stock"])

Kind = Literal["stock.low", "stock.out", "stock.back"]


class StockAlert(Answer):
    """`available` is in the whole network when the alert was raised; `cleared_at` is null while it is open."""

    alert_id: int
    sku: str
    kind: Kind
    at: datetime
    available: int
    cleared_at: datetime | None


@router.get(
    "/stock/alerts",
    summary="Goods that are low, out or back",
    responses=responses({200: ("One page, newest first", examples.ALERTS)}, FORBIDDEN),
)
def list_stock_alerts(
    caller: OperationsReader,
    services: WithServices,
    sku: Filter = None,
    kind: Kind | None = None,
    open: Annotated[bool | None, Query(description="true: those that still hold; false: those that do not")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[StockAlert]:
    """One alert each time a threshold is crossed: `stock.low` and `stock.out` until there is more again, `stock.back`
    when `stock.out` has ended."""
    wanted = select(StockAlertRow).order_by(StockAlertRow.alert_id.desc()).limit(limit + 1)
    if sku is not None:
        wanted = wanted.where(StockAlertRow.sku == sku)
    if kind is not None:
        wanted = wanted.where(StockAlertRow.kind == kind)
    if open is not None:
        wanted = wanted.where(StockAlertRow.cleared_at.is_(None) == open)
    if (last := after(cursor)) is not None:
        if not (last.isdecimal() and last.isascii() and len(last) < 19):
            raise not_a_cursor()
        wanted = wanted.where(StockAlertRow.alert_id < int(last))
    with services.sessions() as session:
        rows, following = cut(session.scalars(wanted).all(), limit, lambda row: row.alert_id)
    return Page(items=[StockAlert.model_validate(row) for row in rows], next_cursor=following)
