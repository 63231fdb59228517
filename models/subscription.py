"""Subscriptions to events of orders, and their deliveries."""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.access import ApiKeyRow
from models.base import Base, Now, Serial, Timestamp, When

WAITING, DELIVERED, PARKED = "waiting", "delivered", "parked"
_IS_WAITING = text("state = 'waiting'")


class SubscriptionRow(Base):
    """A receiver and the types of events that it wants. Its queue is the log of orders, read up to `position`."""

    __tablename__ = "subscriptions"

    subscription_id: Mapped[str] = mapped_column(primary_key=True)
    url: Mapped[str]
    types: Mapped[list[str]] = mapped_column(JSONB)
    channel: Mapped[str | None]
    """Only orders of this channel; null: of all channels."""
    description: Mapped[str] = mapped_column(server_default="")
    people: Mapped[bool] = mapped_column(server_default=text("false"))
    """True if events include the receiver of the goods."""
    secret: Mapped[str]
    former_secret: Mapped[str | None]
    former_until: Mapped[When]
    """Until then every message is signed with both secrets."""
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    disabled_because: Mapped[str | None]
    position: Mapped[int] = mapped_column(BigInteger)
    failures: Mapped[int] = mapped_column(server_default="0")
    """Attempts that failed in a row."""
    not_before: Mapped[When]
    """Nothing is sent to it before."""
    created_by: Mapped[str]
    key_id: Mapped[str | None] = mapped_column(ForeignKey(ApiKeyRow.key_id))
    """The key that created it or last enabled it. The subscription ends with this key. Null only if it is not known."""
    created_at: Mapped[Now]


class DeliveryRow(Base):
    """One message to one subscription: waiting, delivered or parked, with the result of the last attempt.

    `body` and `answer` are truncated. `body` is stored without the receiver of the goods, `answer` only if the message
    did not include one.
    """

    __tablename__ = "deliveries"

    delivery_id: Mapped[Serial]
    subscription_id: Mapped[str] = mapped_column(ForeignKey("subscriptions.subscription_id", ondelete="CASCADE"))
    message_id: Mapped[str]
    event_id: Mapped[int | None] = mapped_column(BigInteger)
    """The fact in the log of orders; null for a ping."""
    order_id: Mapped[str | None]
    type: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=WAITING)
    tries: Mapped[int] = mapped_column(server_default="0")
    queued_at: Mapped[Now]
    due_at: Mapped[Timestamp] = mapped_column(server_default=text("now()"))
    tried_at: Mapped[When]
    took_ms: Mapped[int | None]
    status: Mapped[int | None]
    body: Mapped[str] = mapped_column(server_default="")
    answer: Mapped[str] = mapped_column(server_default="")
    problem: Mapped[str | None]
    settled_at: Mapped[When]

    __table_args__ = (
        UniqueConstraint("subscription_id", "message_id"),
        CheckConstraint("state IN ('waiting', 'delivered', 'parked')", "state"),
        Index("ix_deliveries_log", "subscription_id", "delivery_id"),
        Index("ix_deliveries_waiting", "subscription_id", "event_id", postgresql_where=_IS_WAITING),
        Index("ix_deliveries_order", "subscription_id", "order_id", "event_id", postgresql_where=_IS_WAITING),
        Index("ix_deliveries_parked", "subscription_id", postgresql_where=text("state = 'parked'")),
        Index("ix_deliveries_settled", "settled_at", postgresql_where=text("state = 'delivered'")),
    )
