"""Read stock: by SKU and location, in the whole network, as a channel is shown it, and in stores nearby."""

from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy import select

from api import examples
from api.access import Caller
from api.dependencies import Reader, WithServices
from api.errors import FORBIDDEN, NOT_FOUND, invalid
from api.inputs import Cursor, Filter, Limit, after, cut
from api.openapi import responses
from api.schemas import Page
from api.stock import goods_examples as goods
from api.stock.channel_stock import check_channel
from api.stock.goods_schemas import Kind
from api.stock.products import PartAnswer, PathSku, find_product, sold_to
from api.stock.view import Place, SkuStock, StockFilter, view
from models.stock import ProductRow, StockRow
from record.stock.demand import bundles_now
from record.stock.products import substitutes_of

router = APIRouter(tags=["stock"])

Near = Annotated[
    str | None,
    Query(
        pattern=r"^-?[0-9]{1,2}(\.[0-9]{1,9})?,-?[0-9]{1,3}(\.[0-9]{1,9})?$",
        description="Latitude and longitude in degrees, such as 31.23,121.47: stores only, the nearest first",
    ),
]
ChannelFilter = Annotated[
    str | None,
    Query(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$", description="`available` as this channel is shown it"),
]
KindFilter = Annotated[Kind | None, Query(description="Only at locations of this kind")]


class ProductStock(SkuStock):
    """A bundle has `parts` and no stock of its own: `available` is how many can be made of them."""

    parts: list[PartAnswer]
    substitutes: list[str]


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
    kind: KindFilter = None,
    channel: ChannelFilter = None,
    near: Near = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[SkuStock]:
    """Sorted by SKU, without bundles and SKUs that never had stock.

    A channel's key sees what its channel is shown, of the network and of each location.
    """
    wanted = _filter(caller, location, kind, channel, near)
    which = wanted.conditions()
    if sku is not None:
        which.append(StockRow.sku == sku)
    if (last := after(cursor)) is not None:
        which.append(StockRow.sku > last)
    if caller.channel is not None:
        which.append(StockRow.sku.in_(select(ProductRow.sku).where(*sold_to(caller))))
    with services.sessions() as session:
        skus = session.scalars(select(StockRow.sku).distinct().where(*which).order_by(StockRow.sku).limit(limit + 1))
        shown, next_cursor = cut(skus.all(), limit, lambda sku: sku)
        return Page(items=view(session, shown, wanted), next_cursor=next_cursor)


@router.get(
    "/stock/{sku}",
    summary="Stock of one product",
    responses=responses({200: ("As it is now", goods.PRODUCT_STOCK)}, FORBIDDEN, NOT_FOUND),
)
def read_stock_of(
    sku: PathSku,
    caller: Reader,
    services: WithServices,
    location: Filter = None,
    kind: KindFilter = None,
    channel: ChannelFilter = None,
    near: Near = None,
) -> ProductStock:
    """Also for bundles."""
    wanted = _filter(caller, location, kind, channel, near)
    with services.sessions() as session:
        find_product(session, sku, caller)
        [stock] = view(session, [sku], wanted)
        parts = bundles_now(session, [sku]).get(sku, {})
        return ProductStock(
            **dict(stock),
            parts=[PartAnswer(sku=part, quantity=each) for part, each in parts.items()],
            substitutes=substitutes_of(session, [sku]).get(sku, []),
        )


def _filter(
    caller: Caller, location: str | None, kind: Kind | None, channel: str | None, near: str | None
) -> StockFilter:
    if channel is not None:
        check_channel(caller, channel)
        if location or kind or near:
            raise invalid("channel", "a channel is shown the network, not single locations")
    return StockFilter(location, kind, channel, _place(near) if near else None, caller.channel)


def _place(near: str) -> Place:
    latitude, longitude = map(float, near.split(","))
    if abs(latitude) > 90 or abs(longitude) > 180:
        raise invalid("near", "latitude is within ±90 degrees and longitude within ±180")
    return latitude, longitude
