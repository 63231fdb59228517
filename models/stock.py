"""Goods, places, the counters of stock and the ledger that explains them."""

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Computed, ForeignKey, ForeignKeyConstraint, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Now, Serial

AVAILABLE = "on_hand - allocated - reserved - buffer - quarantined"


class ProductRow(Base):
    """Something that can be sold. Tax rates are in hundredths of a percent, null where they are not known.

    `channels` of null is every channel. `positive_listed` means that its HS code is on the positive list of
    cross-border retail import, and `dangerous_goods_class` is a word of the parameters `carriers` and `prohibited`.
    """

    __tablename__ = "products"

    sku: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    on_sale: Mapped[bool] = mapped_column(server_default="true")
    weight_grams: Mapped[int] = mapped_column(server_default="500")
    hs_code: Mapped[str] = mapped_column(server_default="")
    dangerous_goods_class: Mapped[str] = mapped_column(server_default="")
    goods_class: Mapped[str] = mapped_column(server_default="")
    cross_border: Mapped[bool] = mapped_column(server_default="false")
    max_per_order: Mapped[int | None]
    channels: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    bundle_part_only: Mapped[bool] = mapped_column(server_default="false")
    vat: Mapped[int | None]
    consumption_tax: Mapped[int | None]
    positive_listed: Mapped[bool] = mapped_column(server_default="false")

    __table_args__ = (
        CheckConstraint("max_per_order > 0", "max_per_order_positive"),
        CheckConstraint("vat BETWEEN 0 AND 10000", "vat"),
        CheckConstraint("consumption_tax BETWEEN 0 AND 9999", "consumption_tax"),
    )


class LocationRow(Base):
    """A place with stock: warehouse, store, supplier or virtual. A lower `priority` is asked first among equals."""

    __tablename__ = "locations"

    location_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    name: Mapped[str]
    country: Mapped[str]
    province: Mapped[str]
    priority: Mapped[int] = mapped_column(server_default="100")

    __table_args__ = (CheckConstraint("kind IN ('warehouse', 'store', 'supplier', 'virtual')", "kind"),)


class StockRow(Base):
    """The counters of one SKU at one location, changed only by activities/ledger.py and explained by the movements."""

    __tablename__ = "stock"

    sku: Mapped[str] = mapped_column(ForeignKey("products.sku"), primary_key=True)
    location_id: Mapped[str] = mapped_column(ForeignKey("locations.location_id"), primary_key=True)
    on_hand: Mapped[int] = mapped_column(server_default="0")
    in_transit: Mapped[int] = mapped_column(server_default="0")
    reserved: Mapped[int] = mapped_column(server_default="0")
    allocated: Mapped[int] = mapped_column(server_default="0")
    buffer: Mapped[int] = mapped_column(server_default="0")
    quarantined: Mapped[int] = mapped_column(server_default="0")
    available: Mapped[int] = mapped_column(Computed(AVAILABLE, persisted=True))

    __table_args__ = (
        CheckConstraint(
            "on_hand >= 0 AND in_transit >= 0 AND reserved >= 0"
            " AND allocated >= 0 AND buffer >= 0 AND quarantined >= 0",
            "counters_not_negative",
        ),
        CheckConstraint(f"{AVAILABLE} >= 0", "never_oversold"),
    )


class StockMovementRow(Base):
    """One line of the ledger: append-only. `kind` says which counters `quantity` changed (domain/stock.py: EFFECT)."""

    __tablename__ = "stock_movements"

    movement_id: Mapped[Serial]
    at: Mapped[Now]
    kind: Mapped[str]
    sku: Mapped[str]
    location_id: Mapped[str]
    quantity: Mapped[int]
    order_id: Mapped[str | None]
    reason: Mapped[str]
    actor: Mapped[str] = mapped_column(server_default="baton")

    __table_args__ = (
        ForeignKeyConstraint(["sku", "location_id"], ["stock.sku", "stock.location_id"]),
        Index("ix_stock_movements_stock", "sku", "location_id", "movement_id"),
        Index("ix_stock_movements_order", "order_id"),
    )


class ReservationRow(Base):
    """A soft claim of one order."""

    __tablename__ = "reservations"

    order_id: Mapped[str] = mapped_column(ForeignKey("orders.order_id"), primary_key=True)
    sku: Mapped[str] = mapped_column(primary_key=True)
    location_id: Mapped[str] = mapped_column(primary_key=True)
    quantity: Mapped[int]
    reserved_at: Mapped[Now]

    __table_args__ = (
        ForeignKeyConstraint(["sku", "location_id"], ["stock.sku", "stock.location_id"]),
        CheckConstraint("quantity > 0", "quantity_positive"),
        Index("ix_reservations_stock", "sku", "location_id"),
    )


class BackorderRow(Base):
    """An order that waits for a SKU, so that an arrival wakes only those who wait for it, oldest first."""

    __tablename__ = "backorders"

    order_id: Mapped[str] = mapped_column(ForeignKey("orders.order_id"), primary_key=True)
    sku: Mapped[str] = mapped_column(primary_key=True)
    quantity: Mapped[int] = mapped_column(BigInteger)
    since: Mapped[Now]

    __table_args__ = (Index("ix_backorders_sku", "sku", "since"),)
