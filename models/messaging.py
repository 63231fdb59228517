"""What partners told us and what we tell others."""

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import BY_PAGES, Base, Json, Now, When

IS_LEFT = "left_at IS NOT NULL AND sent_at IS NULL AND parked_at IS NULL"


class PartnerEventRow(Base):
    """A webhook, with the fields that docs/partners.md names. The relay carries it; a step of a workflow applies it."""

    __tablename__ = "partner_events"

    partner: Mapped[str] = mapped_column(primary_key=True)
    event_id: Mapped[str] = mapped_column(primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger, Identity())
    type: Mapped[str]
    subject: Mapped[str]
    """What it is about: a fulfillment order, shipment, return, payment reference or channel order."""
    data: Mapped[Json]
    received_at: Mapped[Now]
    relay_after: Mapped[Now]
    tries: Mapped[int] = mapped_column(server_default="0")
    relayed_at: Mapped[When]
    applied_at: Mapped[When]

    __table_args__ = (
        # New ones apart from those that were looked at before.
        Index(
            "ix_partner_events_due",
            text("least(tries, 1)"),
            "relay_after",
            "sequence",
            postgresql_where=text("relayed_at IS NULL"),
        ),
        Index("ix_partner_events_subject", "subject", "sequence"),
    )


class MessageRow(Base):
    """A milestone that a recipient is to be told, written in the transaction of the milestone itself."""

    __tablename__ = "messages"

    message_id: Mapped[str] = mapped_column(primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger, Identity())
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.order_id"))
    recipient: Mapped[str]
    milestone: Mapped[str]
    data: Mapped[Json]
    created_at: Mapped[Now]
    tries: Mapped[int] = mapped_column(server_default="0")
    last_error: Mapped[str | None]
    sent_at: Mapped[When]
    left_at: Mapped[When]
    """When it was left to the run of its recipient, as it was not taken at once or is behind one that was not."""
    parked_at: Mapped[When]
    redelivered_at: Mapped[When]
    """When a person last asked to send it again, or let it go."""
    settled_by: Mapped[str | None]
    """Who let it go: it counts as taken when its turn comes, and is not sent."""
    digest: Mapped[str | None]
    """Of the text that the customer was sent: it names nobody, and the same text is sent once an order."""
    same_as: Mapped[str | None]
    """The message that had said the same, so that this one was not sent."""

    __table_args__ = (
        Index("ix_messages_waiting", "order_id", "sequence", postgresql_where=text("sent_at IS NULL")),
        Index("ix_messages_order", "order_id", "sequence"),
        Index("ix_messages_parked", "recipient", "sequence", postgresql_where=text("parked_at IS NOT NULL")),
        Index("ix_messages_left", "recipient", "tries", "sequence", postgresql_where=text(IS_LEFT)),
        # It grows with the rows, so that ranges of pages are enough to find a day.
        Index("ix_messages_sent", "sent_at", **BY_PAGES),
    )
