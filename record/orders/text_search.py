"""Finds orders by a word that staff have at hand: a number of the order, a waybill, goods or a tag."""

from sqlalchemy import ColumnElement, Select, SQLColumnExpression, false, func, select, text, union_all
from sqlalchemy.orm import Session

from models.fulfillment import FulfillmentOrderRow, ShipmentRow
from models.order import TAGGED, OrderLineRow, OrderRow, ParcelElsewhereRow
from models.stock import ProductRow

SHORTEST_BEGINNING = 3
"""Letters. A shorter text is found as a whole only, since it begins too many."""
MOST_PRODUCTS = 100
LAST_LETTER = "\U0010ffff"
# One look into the index for each channel, however many orders there are.
CHANNELS = text("""
    WITH RECURSIVE known AS (
        (SELECT channel FROM orders ORDER BY channel LIMIT 1)
        UNION ALL
        SELECT (SELECT channel FROM orders WHERE channel > known.channel ORDER BY channel LIMIT 1)
        FROM known WHERE known.channel IS NOT NULL)
    SELECT channel FROM known WHERE channel IS NOT NULL
""")
Ids = Select[str]


def text_condition(session: Session, words: str, channel: str | None) -> ColumnElement[bool]:
    """Match orders that have the text as, or from three letters on begin with it in, their own number, the channel's
    number, a waybill, a SKU, or the name of a product; or that have it as a tag or the SKU of a line.

    Kinds that find nothing are left out, so that the statement has one short way. `channel` is the only one to look
    in, or None.
    """
    kinds = [kind for kind in _kinds(session, words, channel) if session.scalar(kind.limit(1)) is not None]
    if not kinds:
        return false()
    return OrderRow.order_id.in_(union_all(*kinds) if len(kinds) > 1 else kinds[0])


def _kinds(session: Session, words: str, channel: str | None) -> list[Ids]:
    order = OrderRow
    channels = [channel] if channel is not None else list(session.scalars(CHANNELS))
    shipments = (
        select(FulfillmentOrderRow.order_id)
        .join(ShipmentRow, ShipmentRow.shipment_id == FulfillmentOrderRow.shipment_id)
        .where(_begins(ShipmentRow.waybill, words))
    )
    elsewhere = select(ParcelElsewhereRow.order_id).where(
        _begins(ParcelElsewhereRow.waybill, words), ParcelElsewhereRow.waybill != ""
    )
    lines = select(OrderLineRow.order_id).where(OrderLineRow.sku.in_(_skus(session, words)))
    return [
        select(order.order_id).where(_begins(order.order_id, words.upper())),
        select(order.order_id).where(order.channel.in_(channels), _begins(order.channel_order_id, words)),
        shipments,
        elsewhere,
        lines,
        select(order.order_id).where(order.tags.contains([words]), TAGGED),
    ]


def _skus(session: Session, words: str) -> list[str]:
    """Return the SKUs that the text may mean: itself, and products whose SKU or name begins with it."""
    lower = words.lower()
    by_title = select(ProductRow.sku).where(_begins(func.lower(ProductRow.title), lower)).limit(MOST_PRODUCTS)
    by_sku = select(ProductRow.sku).where(_begins(ProductRow.sku, words)).limit(MOST_PRODUCTS)
    return sorted({words, *session.scalars(by_sku), *session.scalars(by_title)})


def _begins(column: SQLColumnExpression[str], words: str) -> ColumnElement[bool]:
    if len(words) < SHORTEST_BEGINNING:
        return column == words
    # A range, since the database sorts by code point and its indexes serve no LIKE with a parameter.
    return column.between(words, words + LAST_LETTER)
