"""Purchase orders, receipts, and counts of the warehouse."""

from datetime import date

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Now, Serial, Timestamp, When


class PurchaseOrderRow(Base):
    """The highest known revision of a purchase order of the ERP. Status is open, received or canceled.

    `location_id` is null if only its cancellation has arrived.
    """

    __tablename__ = "purchase_orders"

    purchase_order_id: Mapped[str] = mapped_column(primary_key=True)
    location_id: Mapped[str | None] = mapped_column(ForeignKey("locations.location_id"))
    status: Mapped[str]
    revision: Mapped[int] = mapped_column(BigInteger)
    placed_at: Mapped[Now]
    changed_at: Mapped[Now]

    __table_args__ = (CheckConstraint("status IN ('open', 'received', 'canceled')", "status"),)


class PurchaseLineRow(Base):
    """Units of a SKU due on a day, and how many were received; the others are in transit while the order is open."""

    __tablename__ = "purchase_lines"

    purchase_order_id: Mapped[str] = mapped_column(ForeignKey("purchase_orders.purchase_order_id"), primary_key=True)
    sku: Mapped[str] = mapped_column(ForeignKey("products.sku"), primary_key=True)
    due_on: Mapped[date] = mapped_column(primary_key=True)
    quantity: Mapped[int]
    received: Mapped[int] = mapped_column(server_default="0")

    __table_args__ = (
        CheckConstraint("received BETWEEN 0 AND quantity", "received_within_quantity"),
        Index("ix_purchase_lines_sku", "sku", "due_on"),
    )


class GoodsReceiptRow(Base):
    """Units of a SKU in one receipt: `damaged` of the `quantity` units were quarantined."""

    __tablename__ = "goods_receipts"

    receipt_id: Mapped[str] = mapped_column(primary_key=True)
    sku: Mapped[str] = mapped_column(ForeignKey("products.sku"), primary_key=True)
    purchase_order_id: Mapped[str | None]
    """As the receipt names it; the purchase order itself may arrive later."""
    location_id: Mapped[str] = mapped_column(ForeignKey("locations.location_id"))
    quantity: Mapped[int]
    damaged: Mapped[int]
    received_at: Mapped[Now]

    __table_args__ = (
        CheckConstraint("damaged BETWEEN 0 AND quantity", "damaged_within_quantity"),
        Index("ix_goods_receipts_purchase_order", "purchase_order_id"),
    )


class StockExceptionRow(Base):
    """A stock report of a partner that could not be booked as reported: a person should look.

    The event is tried again until its goods and location are known, which sets `resolved_at`. Units beyond a purchase
    order are booked, and resolved at once.
    """

    __tablename__ = "stock_exceptions"

    exception_id: Mapped[Serial]
    partner: Mapped[str]
    event_id: Mapped[str]
    code: Mapped[str]
    detail: Mapped[str]
    raised_at: Mapped[Now]
    resolved_at: Mapped[When]

    __table_args__ = (
        UniqueConstraint("partner", "event_id", "code"),
        Index("ix_stock_exceptions_open", "exception_id", postgresql_where=text("resolved_at IS NULL")),
    )


class WarehouseCountRow(Base):
    """A snapshot or delta of the warehouse. A `late` one arrived after a newer snapshot and changed nothing."""

    __tablename__ = "warehouse_counts"

    count_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    location_id: Mapped[str] = mapped_column(ForeignKey("locations.location_id"))
    taken_at: Mapped[Timestamp]
    late: Mapped[bool]
    counted_at: Mapped[Now]

    __table_args__ = (
        CheckConstraint("kind IN ('snapshot', 'delta')", "kind"),
        Index("ix_warehouse_counts_location", "location_id", "kind", "taken_at"),
    )


class StockDifferenceRow(Base):
    """A difference between a count and the ledger: `difference` units, of which `adjusted` could be booked.

    Less than the difference is booked if the rest would take units that are promised to orders; that is always an
    alert.
    """

    __tablename__ = "stock_differences"

    difference_id: Mapped[Serial]
    count_id: Mapped[str]
    kind: Mapped[str]
    sku: Mapped[str] = mapped_column(ForeignKey("products.sku"))
    location_id: Mapped[str] = mapped_column(ForeignKey("locations.location_id"))
    difference: Mapped[int]
    adjusted: Mapped[int]
    reason: Mapped[str]
    alert: Mapped[bool]
    at: Mapped[Now]

    __table_args__ = (
        UniqueConstraint("kind", "count_id", "sku"),
        Index("ix_stock_differences_location", "location_id", "difference_id"),
    )
