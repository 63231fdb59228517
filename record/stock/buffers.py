"""Buffers: units that are not sold online. Whatever promises or shows stock subtracts KEPT, and nothing else does."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Integer, cast, func, literal, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from models.base import table
from models.channel import ChannelAccountRow
from models.goods import BufferRow
from models.prepared import prepared
from models.stock import LocationRow, ProductRow, StockRow
from record.stock.mistakes import Mistake

IN_STORES = "pos"
"""The translator of channels that sell in a store: what they sell takes of its buffer."""
NAMES = ("location_id", "kind", "sku", "goods_class")
"""What a buffer names, or leaves empty for everything."""

_B, _STOCK = table(BufferRow), table(StockRow)
_GOODS, _PLACES, _ACCOUNTS = table(ProductRow), table(LocationRow), table(ChannelAccountRow)
_OF_ON_HAND = func.ceil(func.greatest(_STOCK.c.on_hand - _STOCK.c.quarantined, 0) * _B.c.percent / 100.0)

KEPT = func.coalesce(
    select(func.coalesce(_B.c.units, cast(_OF_ON_HAND, Integer)))
    .where(
        _B.c.sku.in_(("", _STOCK.c.sku)),
        _B.c.goods_class.in_(("", _GOODS.c.goods_class)),
        _B.c.location_id.in_(("", _STOCK.c.location_id)),
        _B.c.kind.in_(("", _PLACES.c.kind)),
        _B.c.valid_from <= func.now(),
        _B.c.valid_to.is_(None) | (_B.c.valid_to > func.now()),
    )
    .order_by(
        *((column != "").desc() for column in (_B.c.sku, _B.c.goods_class, _B.c.location_id, _B.c.kind)),
        _B.c.valid_from.desc(),
        _B.c.buffer_id,
    )
    .limit(1)
    .correlate(_STOCK, _GOODS, _PLACES)
    .scalar_subquery(),
    0,
)
"""Units of a row of stock that its most specific buffer keeps, maybe more than there are. The statement joins products
and locations. Goods count before places, a SKU before its class, a location before its kind, then the latest."""

KEPT_BACK = func.least(KEPT, func.greatest(_STOCK.c.available, 0))
"""Available units that are not sold online."""


_OF_STORES = prepared(select(_ACCOUNTS.c.channel).where(_ACCOUNTS.c.translator == IN_STORES))


def sells_in_stores(channel: ColumnElement[str]) -> ColumnElement[bool]:
    """Return the expression that is true for a channel of stores."""
    accounts = select(literal(1)).where(_ACCOUNTS.c.channel == channel, _ACCOUNTS.c.translator == IN_STORES)
    return accounts.correlate_except(_ACCOUNTS).exists()


def channels_of_stores(session: Session) -> frozenset[str]:
    """Return the channels that sell in stores."""
    return frozenset(session.scalars(_OF_STORES))


# The names that a buffer leaves empty exclude nothing.
_TOUCH = text("""
    INSERT INTO stock_touches (sku, more)
    SELECT DISTINCT stock.sku, true FROM stock JOIN products USING (sku) JOIN locations USING (location_id)
    WHERE :sku IN ('', stock.sku) AND :goods_class IN ('', products.goods_class)
      AND :location_id IN ('', stock.location_id) AND :kind IN ('', locations.kind)
""")


def save_buffer(session: Session, buffer_id: str, fields: Mapping[str, Any]) -> None:
    """Add or replace a buffer; the stock that it kept before, and that it keeps now, is swept. Raises Mistake.

    Without `valid_from` it begins as before, or now.
    """
    _check(session, fields)
    before = session.get(BufferRow, buffer_id, with_for_update=True)
    begins = fields["valid_from"] or (before.valid_from if before else datetime.now(UTC))
    if fields["valid_to"] is not None and fields["valid_to"] <= begins:
        raise Mistake("valid_to", "it ends before it begins")
    if before is not None:
        _touch(session, before)
    changed = {**fields, "valid_from": begins, "looked_at": func.now()}
    row = insert(BufferRow).values(buffer_id=buffer_id, **changed)
    session.execute(row.on_conflict_do_update(index_elements=["buffer_id"], set_=changed))
    _touch(session, session.get_one(BufferRow, buffer_id, populate_existing=True))


def delete_buffer(session: Session, row: BufferRow) -> None:
    """Delete a locked buffer; the stock that it kept is swept."""
    _touch(session, row)
    session.delete(row)


def _check(session: Session, fields: Mapping[str, Any]) -> None:
    if fields["sku"] and session.get(ProductRow, fields["sku"]) is None:
        raise Mistake("sku", "there is no such product")
    if fields["location_id"] and session.get(LocationRow, fields["location_id"]) is None:
        raise Mistake("location_id", "there is no such location")
    for one, other in (("sku", "goods_class"), ("location_id", "kind")):
        if fields[one] and fields[other]:
            raise Mistake(other, f"a buffer names a {one} or a {other}, not both")
    if (fields["units"] is None) == (fields["percent"] is None):
        raise Mistake("units", "a buffer keeps units or a percent, and one of them is given")


def _touch(session: Session, row: BufferRow) -> None:
    session.execute(_TOUCH, {name: getattr(row, name) for name in NAMES})
