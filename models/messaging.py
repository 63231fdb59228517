"""Webhooks of partners, and our messages to recipients."""

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import BY_PAGES, Base, Json, Now, When

IS_WAITING = "sent_at IS NULL AND parked_at IS NULL"


class PartnerEventRow(Base):
    """A webhook, with the fields that docs/partners.md names. The relay carries it; a step of a workflow applies it."""

    __tablename__ = "partner_events"

    partner: Mapped[str] = mapped_column(primary_key=True)
    event_id: Mapped[str] = mapped_column(primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger, Identity())
    type: Mapped[str]
    subject: Mapped[str]
    """The id of a fulfillment order, shipment, return, payment or channel order."""
    data: Mapped[Json]
    received_at: Mapped[Now]
    relay_after: Mapped[Now]
    tries: Mapped[int] = mapped_column(server_default="0")
    relayed_at: Mapped[When]
    applied_at: Mapped[When]

    __table_args__ = (
        # New events apart from those that were tried before.
        Index(
            "ix_partner_events_due",
            text("least(tries, 1)"),
            "relay_after",
            "sequence",
            postgresql_where=text("relayed_at IS NULL"),
        ),
        # A value that comes again is stored once, so the index of one column alone is a third of one with the sequence.
        Index("ix_partner_events_about", "subject"),
    )


class MessageRow(Base):
    """A message about a milestone to one recipient, written in the transaction of the milestone. The recipient's run
    sends it (activities/redeliver.py)."""

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
    """Only workers of 0.1.0 use it: they sent messages from the order first, and left to the run what was not taken."""
    parked_at: Mapped[When]
    redelivered_at: Mapped[When]
    """When a person last asked to send it again, or gave it up."""
    settled_by: Mapped[str | None]
    """Who gave it up: it counts as taken when its turn comes, and is not sent."""
    digest: Mapped[str | None]
    """Hash of the text to the customer without names. An order sends the same text only once."""
    same_as: Mapped[str | None]
    """The earlier message with the same text, because of which this one was not sent."""

    __table_args__ = (
        Index("ix_messages_of_order", "order_id"),
        Index("ix_messages_parked", "recipient", "sequence", postgresql_where=text("parked_at IS NOT NULL")),
        Index("ix_messages_due", "recipient", "tries", "sequence", postgresql_where=text(IS_WAITING)),
        # Times grow with the rows, so a BRIN index is enough to find a day.
        Index("ix_messages_sent", "sent_at", **BY_PAGES),
    )
