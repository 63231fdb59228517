"""Parcels that were uploaded to the platforms of channels."""

from sqlalchemy import ForeignKey, SmallInteger, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Timestamp, When


class ChannelUploadRow(Base):
    """One upload of a parcel to the platform of its order's channel, written before the call, so that a repeat sends
    the same.

    `number` counts from 1 within the order, `parcel` is the number of the fulfillment order, `lines` are units by line
    number, and `happened_at` is later than in all earlier uploads of the order.
    """

    __tablename__ = "channel_uploads"

    order_id: Mapped[str] = mapped_column(ForeignKey("orders.order_id"), primary_key=True)
    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    parcel: Mapped[int] = mapped_column(SmallInteger)
    carrier: Mapped[str]
    waybill: Mapped[str]
    happened_at: Mapped[Timestamp]
    lines: Mapped[dict[str, int]] = mapped_column(JSONB)
    whole: Mapped[bool]
    """True if it covers the whole order at once."""
    uploaded_at: Mapped[When]

    __table_args__ = (UniqueConstraint("order_id", "happened_at"),)
