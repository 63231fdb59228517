"""Products, locations, the counters of stock, and the ledger that explains them."""

from datetime import date, time
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Computed,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    Text,
    Time,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Now, Serial

RARE = text("kind IN ('received', 'returned', 'quarantined', 'adjusted', 'transferred')")
ON_HAND = text("kind IN ('received', 'shipped', 'returned', 'adjusted', 'transferred')")
AVAILABLE = "on_hand - allocated - reserved - buffer - quarantined"


class ProductRow(Base):
    """A product. Tax rates are in hundredths of a percent, null if not known.

    `channels` null means every channel. A SKU is low on stock at `low_at` units or fewer (0: never; null: by the
    parameter `stock_low_at`). `positive_listed` means that its HS code is on the positive list of cross-border retail
    import; `dangerous_goods_class` is a class of the parameters `carriers` and `prohibited`.
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
    low_at: Mapped[int | None]
    return_exclusion: Mapped[str] = mapped_column(server_default="")
    """Why it need not be taken back by law (custom_made, perishable, digital, periodical), or empty."""

    __table_args__ = (
        CheckConstraint("max_per_order > 0", "max_per_order_positive"),
        CheckConstraint("vat BETWEEN 0 AND 10000", "vat"),
        CheckConstraint("consumption_tax BETWEEN 0 AND 9999", "consumption_tax"),
        CheckConstraint("low_at >= 0", "low_at"),
        Index("ix_products_title", text("lower(title)")),
    )


class LocationRow(Base):
    """A place with stock: warehouse, store, supplier or virtual. A lower `priority` is asked first among equals.

    Latitude and longitude are degrees, WGS 84; both or neither. `working_days` are ISO weekdays; with `keeps_holidays`
    the public holidays of its country are free, and so are the days in `closed`. `waves` are the local times at which
    work is released (empty: at once). `capacity_units_per_day` null is no limit. Goods that customs must clear ship
    from a domestic location only if it is `bonded`.
    """

    __tablename__ = "locations"

    location_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    name: Mapped[str]
    country: Mapped[str]
    province: Mapped[str]
    priority: Mapped[int] = mapped_column(server_default="100")
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    time_zone: Mapped[str] = mapped_column(server_default="Asia/Shanghai")
    cut_off: Mapped[time] = mapped_column(server_default="18:00")
    working_days: Mapped[list[int]] = mapped_column(ARRAY(SmallInteger), server_default="{1,2,3,4,5,6,7}")
    keeps_holidays: Mapped[bool] = mapped_column(server_default="false")
    closed: Mapped[list[date]] = mapped_column(ARRAY(Date), server_default="{}")
    waves: Mapped[list[time]] = mapped_column(ARRAY(Time), server_default="{}")
    capacity_units_per_day: Mapped[int | None]
    bonded: Mapped[bool] = mapped_column(server_default="false")

    __table_args__ = (
        CheckConstraint("kind IN ('warehouse', 'store', 'supplier', 'virtual')", "kind"),
        CheckConstraint("latitude BETWEEN -90 AND 90", "latitude"),
        CheckConstraint("longitude BETWEEN -180 AND 180", "longitude"),
        CheckConstraint("(latitude IS NULL) = (longitude IS NULL)", "coordinates"),
        CheckConstraint("working_days <> '{}' AND working_days <@ '{1,2,3,4,5,6,7}'", "working_days"),
        CheckConstraint("capacity_units_per_day > 0", "capacity_positive"),
    )


class StockRow(Base):
    """The counters of one SKU at one location. Only record/stock/ledger.py changes them; they equal the ledger's
    sums. What is not sold online is not in `buffer`, which no movement changes, but in `buffers`."""

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
        Index("ix_stock_location", "location_id", "sku"),
    )


class StockMovementRow(Base):
    """One entry of the ledger, append-only. `kind` decides which counters `quantity` changes (EFFECT in
    domain/stock/movements.py)."""

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
        Index("ix_stock_movements_sku", "sku", "movement_id"),
        Index("ix_stock_movements_location", "location_id", "movement_id"),
        # The other kinds are so frequent that their newest entries are found without an index.
        Index("ix_stock_movements_kind", "kind", "movement_id", postgresql_where=RARE),
        Index("ix_stock_movements_order", "order_id"),
        # For counts, which need the movements since they were taken.
        Index("ix_stock_movements_on_hand", "location_id", "sku", "at", postgresql_where=ON_HAND),
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
    """An order that waits for a SKU. An arrival wakes only such orders: the lowest `priority` first, then the longest
    waiting."""

    __tablename__ = "backorders"

    order_id: Mapped[str] = mapped_column(ForeignKey("orders.order_id"), primary_key=True)
    sku: Mapped[str] = mapped_column(primary_key=True)
    quantity: Mapped[int] = mapped_column(BigInteger)
    """Units of `wanted` that are short."""
    wanted: Mapped[int] = mapped_column(BigInteger)
    priority: Mapped[int] = mapped_column(server_default="100")
    splits: Mapped[bool] = mapped_column(server_default=text("false"))
    """True if the order also takes fewer units than `wanted`."""
    since: Mapped[Now]
    promised_on: Mapped[date | None]
    proposals: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    """Proposed actions: `{action, ...}` as in domain/shortages.py."""

    __table_args__ = (Index("ix_backorders_queue", "sku", "priority", "since"),)
