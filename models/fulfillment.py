"""Fulfillment orders with the stock allocated to them, and shipments with their parcels."""

from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Sequence, SmallInteger, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from domain.status import FulfillmentStatus
from models.base import BY_PAGES, Base, Json, Now, Timestamp, When
from models.packed import Packed

SSCC_SERIAL = Sequence("sscc_serial", metadata=Base.metadata)
"""Serial numbers of parcels. A number is never used twice."""

WAVE_WAITS = text("wave_at IS NOT NULL AND wave_told_at IS NULL AND status = 'open'")
WAVE_TOLD = text("wave_told_at IS NOT NULL AND status = 'open'")
AT_WAREHOUSE = "status IN ('released', 'picking', 'picked')"
AT_CARRIER = "status IN ('packed', 'shipped') AND shipment_id IS NOT NULL"
SILENT_SINCE = "coalesce(asked_at, packed_at, released_at, created_at)"
AT_WORK = text("status IN ('open', 'released', 'picking', 'picked')")


class ShipmentRow(Base):
    """The goods under one waybill; fulfillment orders of several merged orders may share it.

    The cost is the carrier's price by our rate table, null without one. `label_prints` counts requests for the label.
    """

    __tablename__ = "shipments"

    shipment_id: Mapped[str] = mapped_column(primary_key=True)
    carrier: Mapped[str]
    waybill: Mapped[str]
    tracking_status: Mapped[str]
    tracked_at: Mapped[When]
    """Time of `tracking_status` by the carrier. Reports arrive late and out of order."""
    booked_at: Mapped[Now]
    voided_at: Mapped[When]
    service: Mapped[str] = mapped_column(server_default="")
    """The carrier's name of the service, or empty."""
    cost_minor: Mapped[int | None]
    cost_currency: Mapped[str | None]
    label_prints: Mapped[int] = mapped_column(server_default="0")

    __table_args__ = (
        UniqueConstraint("carrier", "waybill"),
        Index("ix_shipments_waybill", "waybill"),
        Index("ix_shipments_booked", "booked_at", **BY_PAGES),
    )


class ParcelRow(Base):
    """One box of a shipment, `number` from 1. The measures are null if nobody measured. `sscc` is its GS1 number."""

    __tablename__ = "shipment_parcels"

    sscc: Mapped[str] = mapped_column(primary_key=True)
    shipment_id: Mapped[str] = mapped_column(ForeignKey("shipments.shipment_id"))
    number: Mapped[int] = mapped_column(SmallInteger)
    weight_grams: Mapped[int]
    length_mm: Mapped[int | None]
    width_mm: Mapped[int | None]
    height_mm: Mapped[int | None]

    __table_args__ = (UniqueConstraint("shipment_id", "number"),)


class BookingRow(Base):
    """The choice of a carrier for a shipment, written before a carrier is called, so that a retry asks the same one.

    `offers` are all carriers, ranked, with reasons; `asked` is the last one called, `refusals` are those who refused.
    A booking that was voided is never made again, even if a request is still on its way to the carrier.
    """

    __tablename__ = "bookings"

    shipment_id: Mapped[str] = mapped_column(primary_key=True)
    offers: Mapped[list[dict[str, Any]]] = mapped_column(Packed, server_default=text("'[]'"))
    asked: Mapped[str] = mapped_column(server_default="")
    refusals: Mapped[Json] = mapped_column(server_default=text("'{}'"))
    decided_at: Mapped[Now]
    given_back_at: Mapped[When]


class MergeRow(Base):
    """Fulfillment orders for one receiver at one location that share a shipment, or will once all are packed.

    `round` counts changes of the members, so that a booking can tell whether it is still for the same parcel.
    """

    __tablename__ = "merges"

    merge_id: Mapped[str] = mapped_column(primary_key=True)
    merge_key: Mapped[str]
    location_id: Mapped[str] = mapped_column(ForeignKey("locations.location_id"))
    round: Mapped[int] = mapped_column(server_default="1")
    shipment_id: Mapped[str | None] = mapped_column(ForeignKey("shipments.shipment_id"))
    opened_at: Mapped[Now]
    closes_at: Mapped[Timestamp]
    closed_at: Mapped[When]
    """When it was closed to further orders; null while it is open."""

    __table_args__ = (
        Index(
            "uq_merges_gathering", "merge_key", "location_id", unique=True, postgresql_where=text("closed_at IS NULL")
        ),
        Index("ix_merges_shipment", "shipment_id", postgresql_where=text("shipment_id IS NOT NULL")),
    )


class FulfillmentOrderRow(Base):
    """The work sent to one location for one order. `number` counts from 1 within the order."""

    __tablename__ = "fulfillment_orders"

    fulfillment_order_id: Mapped[str] = mapped_column(primary_key=True)
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.order_id"))
    number: Mapped[int] = mapped_column(SmallInteger)
    location_id: Mapped[str] = mapped_column(ForeignKey("locations.location_id"))
    status: Mapped[str] = mapped_column(server_default=FulfillmentStatus.OPEN)
    reason: Mapped[str]
    """Why this location was chosen, for people."""
    wms_reference: Mapped[str | None]
    shipment_id: Mapped[str | None] = mapped_column(ForeignKey("shipments.shipment_id"))
    merge_id: Mapped[str | None] = mapped_column(ForeignKey("merges.merge_id"))
    """The merge that it belongs to; null if it ships by itself."""
    parcels: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB)
    created_at: Mapped[Now]
    wave_at: Mapped[When]
    """When its wave is released; null if it waits for none."""
    wave_after: Mapped[When]
    """When the relay may (again) notify the order of the released wave: a lease, so that a crash loses nothing."""
    wave_told_at: Mapped[When]
    released_at: Mapped[When]
    accepted_at: Mapped[When]
    packed_at: Mapped[When]
    pickup: Mapped[bool] = mapped_column(server_default=text("false"))
    """True if the customer picks it up at the location."""
    ready_at: Mapped[When]
    """Since when it can be picked up."""
    pickup_code_hash: Mapped[str | None]
    pickup_tries: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    """Wrong codes since the code was made."""
    fetched_at: Mapped[When]
    """When the store handed it over; the order is notified a moment later."""
    shipped_at: Mapped[When]
    delivered_at: Mapped[When]
    asked_at: Mapped[When]
    """When the warehouse or carrier was last asked about it, because it was silent."""
    reports: Mapped[int] = mapped_column(server_default="0")
    """How many times reports of partners were applied to it."""

    __table_args__ = (
        UniqueConstraint("order_id", "number"),
        Index("ix_fulfillment_orders_shipment", "shipment_id"),
        Index("ix_fulfillment_orders_opened", "location_id", "created_at"),
        Index("ix_fulfillment_orders_packed_at", "packed_at", **BY_PAGES),
        Index("ix_fulfillment_orders_released", "released_at", **BY_PAGES),
        Index("ix_fulfillment_orders_shipped", "shipped_at", **BY_PAGES),
        Index("ix_fulfillment_orders_delivered", "delivered_at", **BY_PAGES),
        Index("ix_fulfillment_orders_merge", "merge_id", postgresql_where=text("merge_id IS NOT NULL")),
        Index("ix_fulfillment_orders_wave", "wave_after", postgresql_where=WAVE_WAITS),
        Index("ix_fulfillment_orders_told", "wave_told_at", postgresql_where=WAVE_TOLD),
        Index("ix_fulfillment_orders_silent_work", text(SILENT_SINCE), postgresql_where=text(AT_WAREHOUSE)),
        Index("ix_fulfillment_orders_silent_parcels", text(SILENT_SINCE), postgresql_where=text(AT_CARRIER)),
        Index("ix_fulfillment_orders_work", "location_id", postgresql_where=AT_WORK),
        # For counts: packed goods may have left already.
        Index("ix_fulfillment_orders_packed", "location_id", postgresql_where=text("status = 'packed'")),
    )


class FulfillmentLineRow(Base):
    """Units of a SKU in one fulfillment order; `picked` is null until the warehouse reports it.

    While the fulfillment order is open these rows own the allocated stock: `allocated` units.
    """

    __tablename__ = "fulfillment_lines"

    fulfillment_order_id: Mapped[str] = mapped_column(
        ForeignKey("fulfillment_orders.fulfillment_order_id"), primary_key=True
    )
    sku: Mapped[str] = mapped_column(primary_key=True)
    quantity: Mapped[int]
    allocated: Mapped[int]
    picked: Mapped[int | None]

    __table_args__ = (CheckConstraint("quantity > 0 AND allocated BETWEEN 0 AND quantity", "quantities"),)
