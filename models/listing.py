"""What changes in stock lead to: alerts of crossings, and what channels are told of it."""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Now, Serial, When

BEHIND = "enabled AND version > acknowledged_version"


class StockTouchRow(Base):
    """A SKU whose available stock a transaction has changed. The sweep (record/stock/sweep.py) takes it away.
    `more` says that those who wait for the SKU may find some.

    It refers to nothing, and no two transactions write the same row, so that claims never wait for it.
    """

    __tablename__ = "stock_touches"

    touch_id: Mapped[Serial]
    sku: Mapped[str]
    more: Mapped[bool] = mapped_column(server_default="false")


class StockAlertRow(Base):
    """A crossing of the network's stock of a SKU: `stock.low`, `stock.out` or `stock.back`, append-only.

    `available` is what there was when it was seen. `cleared_at` is null while a low or out one still holds; a back one
    only tells and is cleared at once.
    """

    __tablename__ = "stock_alerts"

    alert_id: Mapped[Serial]
    sku: Mapped[str] = mapped_column(ForeignKey("products.sku"))
    kind: Mapped[str]
    at: Mapped[Now]
    available: Mapped[int] = mapped_column(BigInteger)
    cleared_at: Mapped[When]

    __table_args__ = (
        CheckConstraint("kind IN ('stock.low', 'stock.out', 'stock.back')", "kind"),
        Index("uq_stock_alerts_open", "sku", "kind", unique=True, postgresql_where=text("cleared_at IS NULL")),
        Index("ix_stock_alerts_sku", "sku", "alert_id"),
    )


class ChannelListingRow(Base):
    """A SKU on sale at a channel, which calls it `channel_sku`, and what the channel knows of its stock.

    It is told what its channel is shown (record/stock/views.py). `version` grows with each change, and what was
    pushed is acknowledged with the version that was read before: a change meanwhile is still behind. A listing that
    failed says why and since when, and is tried again after `retry_at`.
    """

    __tablename__ = "channel_listings"

    channel: Mapped[str] = mapped_column(primary_key=True)
    sku: Mapped[str] = mapped_column(ForeignKey("products.sku"), primary_key=True)
    channel_sku: Mapped[str]
    enabled: Mapped[bool] = mapped_column(server_default="true")
    version: Mapped[int] = mapped_column(BigInteger, server_default="1")
    acknowledged_version: Mapped[int] = mapped_column(BigInteger, server_default="0")
    acknowledged_quantity: Mapped[int | None] = mapped_column(BigInteger)
    acknowledged_at: Mapped[When]
    last_error: Mapped[str | None]
    failed_since: Mapped[When]
    retry_at: Mapped[When]

    __table_args__ = (
        CheckConstraint("acknowledged_version <= version", "acknowledged_what_was"),
        Index("uq_channel_listings_channel_sku", "channel", "channel_sku", unique=True),
        Index("ix_channel_listings_sku", "sku"),
        Index("ix_channel_listings_behind", "channel", "sku", postgresql_where=text(BEHIND)),
        Index("ix_channel_listings_failed", "channel", "sku", postgresql_where=text("failed_since IS NOT NULL")),
    )


class ChannelPushRow(Base):
    """When a channel was last called, what went wrong then, and until when no new run begins."""

    __tablename__ = "channel_pushes"

    channel: Mapped[str] = mapped_column(primary_key=True)
    ran_at: Mapped[When]
    not_before: Mapped[When]
    last_error: Mapped[str | None]
