"""Read the ledger: every movement that explains the counters."""

from datetime import datetime

from fastapi import APIRouter
from sqlalchemy import ColumnElement, select

from api.dependencies import OperationsReader, WithServices
from api.errors import FORBIDDEN, invalid
from api.inputs import Cursor, Filter, Limit, after_number, cut
from api.openapi import responses
from api.schemas import Answer, Page
from api.stock import goods_examples as examples
from domain.stock.movements import EFFECT
from models.stock import StockMovementRow

router = APIRouter(tags=["stock"])


class MovementAnswer(Answer):
    """`kind` says which counters `quantity` changed; it is below 0 only for corrections, units put back and units moved
    away. `actor` is who caused it."""

    movement_id: int
    at: datetime
    kind: str
    sku: str
    location_id: str
    quantity: int
    order_id: str | None
    reason: str
    actor: str


@router.get(
    "/stock/movements",
    summary="Movements of stock, newest first",
    responses=responses({200: ("One page", examples.MOVEMENTS)}, FORBIDDEN),
)
def list_movements(
    caller: OperationsReader,
    services: WithServices,
    sku: Filter = None,
    location: Filter = None,
    kind: Filter = None,
    order: Filter = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[MovementAnswer]:
    """Movements never change."""
    if kind is not None and kind not in EFFECT:
        raise invalid("kind", f"one of {', '.join(EFFECT)}")
    equal = {
        StockMovementRow.sku: sku,
        StockMovementRow.location_id: location,
        StockMovementRow.kind: kind,
        StockMovementRow.order_id: order,
    }
    which: list[ColumnElement[bool]] = [column == value for column, value in equal.items() if value is not None]
    if (last := after_number(cursor)) is not None:
        which.append(StockMovementRow.movement_id < last)
    wanted = select(StockMovementRow).where(*which).order_by(StockMovementRow.movement_id.desc()).limit(limit + 1)
    with services.sessions() as session:
        rows, next_cursor = cut(session.scalars(wanted).all(), limit, lambda row: row.movement_id)
    return Page(items=[MovementAnswer.model_validate(row) for row in rows], next_cursor=next_cursor)
