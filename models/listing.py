"""Effects of stock changes: alerts, and updates of channel listings."""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Now, Serial, When

BEHIND = "enabled AND version > acknowledged_version"


class StockTouchRow(Base):
    """A SKU whose available stock a transaction has changed, until the sweep (record/stock/sweep.py) deletes the row.
    `more` means that there may be units for waiting orders.

    Without foreign keys, and no two transactions write the same row, so claims never wait for it.
    """

    __tablename__ = "stock_touches"

    touch_id: Mapped[Serial]
    sku: Mapped[str]
    more: Mapped[bool] = mapped_column(server_default="false")


class StockAlertRow(Base):
    """A crossing of the network's stock of a SKU: `stock.low`, `stock.out` or `stock.back`, append-only.

    `available` is the number of units at that time. `cleared_at` is null while a low or out alert is open; a back alert
    is cleared at once.
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
    """A SKU on sale at a channel under the name `channel_sku`, and the stock that the channel knows.

    The channel gets the units of its view (record/stock/views.py). `version` grows with each change, and a push
    acknowledges the version that it read, so a change meanwhile is pushed again. A failed listing says why and since
    when, and is retried after `retry_at`.
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
    """When a channel was last called, the error of that call, and when the next run may begin."""

    __tablename__ = "channel_pushes"

    channel: Mapped[str] = mapped_column(primary_key=True)
    ran_at: Mapped[When]
    not_before: Mapped[When]
    last_error: Mapped[str | None]
