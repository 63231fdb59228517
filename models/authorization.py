"""Money that the gateway has reserved for orders, and what is captured of it."""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Now, When


class AuthorizationRow(Base):
    """What is reserved for an order in all, what was captured of it included.

    `capture` says when it is captured (domain/payment_terms.py). `renew_at` is null when nothing is to be renewed (any
    more), and `closed_at` is when the rest was given back.
    """

    __tablename__ = "authorizations"

    order_id: Mapped[str] = mapped_column(ForeignKey("orders.order_id"), primary_key=True)
    reference: Mapped[str]
    """The gateway's id of the payment."""
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    capture: Mapped[str]
    expires_at: Mapped[When]
    renew_at: Mapped[When]
    renewals: Mapped[int] = mapped_column(server_default="0")
    """How often it was reserved anew."""
    noted_at: Mapped[Now]
    closed_at: Mapped[When]

    __table_args__ = (
        CheckConstraint("amount_minor >= 0", "amount_not_negative"),
        CheckConstraint("capture IN ('shipment', 'order')", "capture"),
        Index("ix_authorizations_to_renew", "renew_at", postgresql_where=text("renew_at IS NOT NULL")),
    )


class CaptureRow(Base):
    """What is captured for one parcel; for goods that the channel shipped itself, or for the order as a whole, without
    a fulfillment order.

    `value_minor` is what the goods cost, and `asked_minor` what of it the gateway is asked for: the rest was captured
    for goods that never arrived. `state` is asked (until the gateway answers), captured or refused.
    """

    __tablename__ = "captures"

    subject: Mapped[str] = mapped_column(primary_key=True)
    order_id: Mapped[str] = mapped_column(ForeignKey("authorizations.order_id"))
    fulfillment_order_id: Mapped[str | None] = mapped_column(ForeignKey("fulfillment_orders.fulfillment_order_id"))
    units: Mapped[dict[str, int]] = mapped_column(JSONB)
    """Units by stocked SKU."""
    value_minor: Mapped[int] = mapped_column(BigInteger)
    asked_minor: Mapped[int] = mapped_column(BigInteger)
    attempt: Mapped[int]
    state: Mapped[str]
    refusal: Mapped[str] = mapped_column(server_default="")
    asked_at: Mapped[Now]
    answered_at: Mapped[When]

    __table_args__ = (
        CheckConstraint("asked_minor BETWEEN 0 AND value_minor", "asked_within_value"),
        CheckConstraint("state IN ('asked', 'captured', 'refused')", "state"),
        Index("ix_captures_order", "order_id"),
        Index("ix_captures_fulfillment_order", "fulfillment_order_id"),
    )

    @property
    def key(self) -> str:
        """The idempotency key of the call."""
        return f"{self.subject}:capture:{self.attempt}"
