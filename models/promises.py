"""Promises given before the order, and the stock that they hold for a cart."""

from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Now, Timestamp, When

HOLDS = text("held_until IS NOT NULL")
UNBOUND = text("order_id IS NULL")


class PromiseRow(Base):
    """What one caller was promised. It names nobody: of the address it keeps a hash of country and province.

    `units` are those asked for by SKU, `assignments` the units by location and stocked SKU. An order may take it until
    `expires_at`. `held_until` is when its stock is given back, infinity once an order took it, and null if it holds
    none. `holder` is the channel, or the key that belongs to no channel.
    """

    __tablename__ = "promises"

    promise_id: Mapped[str] = mapped_column(primary_key=True)
    channel: Mapped[str]
    holder: Mapped[str]
    region: Mapped[str]
    pickup_location: Mapped[str]
    units: Mapped[dict[str, int]] = mapped_column(JSONB)
    assignments: Mapped[dict[str, dict[str, int]]] = mapped_column(JSONB)
    answer: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """The answer as it was given, to show it again."""
    ship_by: Mapped[When]
    deliver_by: Mapped[When]
    made_at: Mapped[Now]
    expires_at: Mapped[Timestamp]
    held_until: Mapped[When]
    order_id: Mapped[str | None] = mapped_column(ForeignKey("orders.order_id"))
    bound_at: Mapped[When]

    __table_args__ = (
        Index("ix_promises_held", "holder", "held_until", postgresql_where=HOLDS),
        Index("ix_promises_open", "holder", "expires_at", postgresql_where=UNBOUND),
        Index("ix_promises_expiry", "expires_at", postgresql_where=UNBOUND),
    )


class PromiseClaimRow(Base):
    """Units that a promise holds. They count in `stock.reserved` as reservations of orders do."""

    __tablename__ = "promise_claims"

    promise_id: Mapped[str] = mapped_column(ForeignKey("promises.promise_id"), primary_key=True)
    sku: Mapped[str] = mapped_column(primary_key=True)
    location_id: Mapped[str] = mapped_column(primary_key=True)
    quantity: Mapped[int]

    __table_args__ = (
        ForeignKeyConstraint(["sku", "location_id"], ["stock.sku", "stock.location_id"]),
        CheckConstraint("quantity > 0", "quantity_positive"),
        Index("ix_promise_claims_stock", "sku", "location_id"),
    )
