"""Bundles and substitutes, shares and quotas of channels, buffers of places, and counts by people."""

from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Json, Now, Serial, Timestamp, When

TO_COME = text("looked_at < valid_from OR looked_at < valid_to")


class ProductPartRow(Base):
    """One bundle needs `quantity` of a part. An order takes the parts that were valid when it was received.

    A bundle has no stock of its own, and no part of it is a bundle.
    """

    __tablename__ = "product_parts"

    bundle_sku: Mapped[str] = mapped_column(ForeignKey("products.sku"), primary_key=True)
    part_sku: Mapped[str] = mapped_column(ForeignKey("products.sku"), primary_key=True)
    valid_from: Mapped[Timestamp] = mapped_column(primary_key=True)
    valid_to: Mapped[When]
    quantity: Mapped[int]

    __table_args__ = (
        CheckConstraint("quantity > 0", "quantity_positive"),
        CheckConstraint("bundle_sku <> part_sku", "not_itself"),
        CheckConstraint("valid_to > valid_from", "begins_before_it_ends"),
        Index("ix_product_parts_part", "part_sku"),
        Index(
            "uq_product_parts_valid", "bundle_sku", "part_sku", unique=True, postgresql_where=text("valid_to IS NULL")
        ),
    )


class ProductSubstituteRow(Base):
    """A product that may be sent instead of a short one; rank 1 is proposed first."""

    __tablename__ = "product_substitutes"

    sku: Mapped[str] = mapped_column(ForeignKey("products.sku"), primary_key=True)
    rank: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    substitute_sku: Mapped[str] = mapped_column(ForeignKey("products.sku"))

    __table_args__ = (
        UniqueConstraint("sku", "substitute_sku"),
        CheckConstraint("rank > 0", "rank_positive"),
        CheckConstraint("sku <> substitute_sku", "not_itself"),
    )


class ChannelShareRow(Base):
    """The stock of a SKU that a channel sees: `share_percent` of what is available, less `reserve` units.

    Without a row it sees everything.
    """

    __tablename__ = "channel_shares"

    channel: Mapped[str] = mapped_column(primary_key=True)
    sku: Mapped[str] = mapped_column(ForeignKey("products.sku"), primary_key=True)
    share_percent: Mapped[int] = mapped_column(SmallInteger, server_default="100")
    reserve: Mapped[int] = mapped_column(server_default="0")

    __table_args__ = (
        CheckConstraint("share_percent BETWEEN 0 AND 100", "share_percent"),
        CheckConstraint("reserve >= 0", "reserve_not_negative"),
    )


class ChannelQuotaRow(Base):
    """The most units of a SKU that a channel may claim from one moment to another; never a bundle's SKU.

    `claimed` is the sum of its claims, stored so that hot items need no sum; it never exceeds `quantity`. `looked_at`
    is when the sweep last saw it begin or end (record/stock/sweep.py).
    """

    __tablename__ = "channel_quotas"

    quota_id: Mapped[Serial]
    channel: Mapped[str]
    sku: Mapped[str] = mapped_column(ForeignKey("products.sku"))
    quantity: Mapped[int]
    claimed: Mapped[int] = mapped_column(server_default="0")
    valid_from: Mapped[Timestamp]
    valid_to: Mapped[When]
    looked_at: Mapped[Now]

    __table_args__ = (
        UniqueConstraint("channel", "sku", "valid_from"),
        CheckConstraint("claimed BETWEEN 0 AND quantity", "never_exceeded"),
        CheckConstraint("valid_to > valid_from", "begins_before_it_ends"),
        Index("ix_channel_quotas_to_come", "quota_id", postgresql_where=TO_COME),
    )


class QuotaClaimRow(Base):
    """Units of a quota that one order uses: reserved, in progress or delivered."""

    __tablename__ = "quota_claims"

    quota_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("channel_quotas.quota_id", ondelete="CASCADE"), primary_key=True
    )
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.order_id"), primary_key=True)
    units: Mapped[int]

    __table_args__ = (CheckConstraint("units > 0", "units_positive"), Index("ix_quota_claims_order", "order_id"))


class BufferRow(Base):
    """`units`, or `percent` of what is on hand, that each place keeps of each SKU that the buffer names.

    An empty column names all: all locations, all kinds of them, all SKUs, all classes of goods. Of several in force the
    most specific one counts (record/stock/buffers.py). `looked_at` is when the sweep last saw it begin or end
    (record/stock/sweep.py).
    """

    __tablename__ = "buffers"

    buffer_id: Mapped[str] = mapped_column(primary_key=True)
    location_id: Mapped[str] = mapped_column(server_default="")
    kind: Mapped[str] = mapped_column(server_default="")
    sku: Mapped[str] = mapped_column(server_default="")
    goods_class: Mapped[str] = mapped_column(server_default="")
    units: Mapped[int | None]
    percent: Mapped[int | None] = mapped_column(SmallInteger)
    valid_from: Mapped[Timestamp]
    valid_to: Mapped[When]
    looked_at: Mapped[Now]

    __table_args__ = (
        CheckConstraint("num_nonnulls(units, percent) = 1", "units_or_percent"),
        CheckConstraint("units >= 0", "units"),
        CheckConstraint("percent BETWEEN 0 AND 100", "percent"),
        CheckConstraint("location_id = '' OR kind = ''", "one_place"),
        CheckConstraint("sku = '' OR goods_class = ''", "one_kind_of_goods"),
        CheckConstraint("valid_to > valid_from", "begins_before_it_ends"),
        Index("ix_buffers_goods", "sku", "location_id"),
        Index("ix_buffers_to_come", "buffer_id", postgresql_where=TO_COME),
    )


class StockCountRow(Base):
    """A count by people at a location: `lines` as entered, `differences` as booked."""

    __tablename__ = "stock_counts"

    count_id: Mapped[str] = mapped_column(primary_key=True)
    location_id: Mapped[str] = mapped_column(ForeignKey("locations.location_id"))
    reason: Mapped[str]
    counted_by: Mapped[str]
    at: Mapped[Now]
    lines: Mapped[Json]
    differences: Mapped[dict[str, Any]] = mapped_column(JSONB)
