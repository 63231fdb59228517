"""The progress of pulls, and orders that the nightly comparison found missing."""

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Now, Timestamp, When


class ChannelPullRow(Base):
    """How far the orders of a channel were pulled. `window_*` and `page` are the position in the current window."""

    __tablename__ = "channel_pulls"

    channel: Mapped[str] = mapped_column(primary_key=True)
    pulled_to: Mapped[When]
    """All orders modified before this moment, by the platform's clock, are known."""
    begun_at: Mapped[When]
    """When the first pull began: what was over by then is of the past. Null for older accounts."""
    window_start: Mapped[When]
    window_end: Mapped[When]
    page: Mapped[str] = mapped_column(server_default="")
    """The platform's name of the next page; empty for the first one."""
    not_before: Mapped[When]
    """The platform asked not to be called before."""
    ran_at: Mapped[When]
    last_error: Mapped[str | None]
    orders_seen: Mapped[int] = mapped_column(server_default="0")


class MissingOrderRow(Base):
    """An order of the channel that we did not have, or only in an older state.

    `reason` is `never_came` or `out_of_date`; `outcome` what was done: `nothing_yet`, `pulled`, `refused` (it cannot be
    read; `detail` says why) or `gone` (the channel no longer has it).
    """

    __tablename__ = "missing_orders"

    channel: Mapped[str] = mapped_column(primary_key=True)
    channel_order_id: Mapped[str] = mapped_column(primary_key=True)
    modified_at: Mapped[Timestamp]
    reason: Mapped[str]
    first_missing_at: Mapped[Now]
    outcome: Mapped[str] = mapped_column(server_default="nothing_yet")
    detail: Mapped[str | None]
    intake_id: Mapped[str | None] = mapped_column(ForeignKey("intakes.intake_id"))
    settled_at: Mapped[When]

    __table_args__ = (
        CheckConstraint("reason IN ('never_came', 'out_of_date')", "reason"),
        CheckConstraint("outcome IN ('nothing_yet', 'pulled', 'refused', 'gone')", "outcome"),
        Index("ix_missing_orders_first", "first_missing_at"),
    )
