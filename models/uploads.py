"""What the platforms of channels were told of parcels."""

from sqlalchemy import ForeignKey, SmallInteger, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Timestamp, When


class ChannelUploadRow(Base):
    """One parcel told to the platform of its order's channel, written before the call, so that a repeat says the same.

    `number` counts from 1 within the order, `parcel` is the number of the fulfillment order, `lines` are units by line
    number, and `happened_at` is later than all that the platform was told of the order before.
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
    """Whether it tells of the whole order at once."""
    uploaded_at: Mapped[When]

    __table_args__ = (UniqueConstraint("order_id", "happened_at"),)
