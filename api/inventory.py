"""Stock is looked at: what there is of each SKU, at each location and in the whole network."""

from fastapi import APIRouter
from sqlalchemy import ColumnElement, select

from api import examples
from api.dependencies import Reader, WithServices
from api.errors import FORBIDDEN
from api.openapi import responses
from api.parameters import Cursor, Filter, Limit, after, cut
from api.schemas import Answer, Page
from models.stock import StockRow

router = APIRouter(tags=["stock"])


class Counters(Answer):
    """`available` is what may still be promised: on_hand − allocated − reserved − buffer − quarantined."""

    on_hand: int
    in_transit: int
    reserved: int
    allocated: int
    buffer: int
    quarantined: int
    available: int


class LocationStock(Counters):
    location_id: str


class SkuStock(Answer):
    """`total` is that of the network; null when one location was asked for."""

    sku: str
    total: Counters | None
    locations: list[LocationStock]


@router.get(
    "/stock",
    summary="Stock by SKU and location",
    responses=responses({200: ("One page", examples.STOCK)}, FORBIDDEN),
)
def read_stock(
    caller: Reader,
    services: WithServices,
    sku: Filter = None,
    location: Filter = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[SkuStock]:
    """Ordered by SKU. A SKU that has never had stock is not in the list."""
    which: list[ColumnElement[bool]] = []
    if sku is not None:
        which.append(StockRow.sku == sku)
    if location is not None:
        which.append(StockRow.location_id == location)
    if (last := after(cursor)) is not None:
        which.append(StockRow.sku > last)
    with services.sessions() as session:
        skus = session.scalars(select(StockRow.sku).distinct().where(*which).order_by(StockRow.sku).limit(limit + 1))
        shown, next_cursor = cut(skus.all(), limit, lambda sku: sku)
        stock = {sku: list[LocationStock]() for sku in shown}
        rows = select(StockRow).where(StockRow.sku.in_(shown), *which).order_by(StockRow.sku, StockRow.location_id)
        for row in session.scalars(rows):
            stock[row.sku].append(LocationStock.model_validate(row))
    items = [
        SkuStock(sku=sku, total=None if location else _total(places), locations=places) for sku, places in stock.items()
    ]
    return Page(items=items, next_cursor=next_cursor)


def _total(places: list[LocationStock]) -> Counters:
    return Counters(**{name: sum(getattr(place, name) for place in places) for name in Counters.model_fields})
