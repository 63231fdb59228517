"""Accounts at channels, and every payload that they sent, unchanged."""

from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Json, Now


class ChannelAccountRow(Base):
    """A shop of ours at a channel: its translator, and the secret that its webhooks are signed with.

    `settings` may have country, currency, zone, salt, marketplace and carriers, which replace those of the translator,
    `signature` (header, algorithm, encoding and prefix of a gateway that signs in another way), `merge_window` (seconds
    that orders wait for others of the same receiver among the channels of one `merge_group`), `when_short` (a policy of
    domain/shortages.py), `language` (of its customers), and `pull`, `push` and `upload` (see settings.py in
    integrations/pulls, pushes and uploads). They hold the platform's token, so settings are never shown unmasked.
    """

    __tablename__ = "channel_accounts"

    channel: Mapped[str] = mapped_column(primary_key=True)
    translator: Mapped[str]
    secret: Mapped[str]
    settings: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    created_at: Mapped[Now]


class IntakeRow(Base):
    """One payload of a channel and its result. `raw` may name a person, and is emptied when that person is erased.

    Status: `taken` is part of an order now, `retried` became so at a later attempt, `rejected` could not be read
    (`field` and `reason` say why), `ignored` is not about an order, `waiting` only names orders (`wanted`) that are to
    be fetched.
    """

    __tablename__ = "intakes"

    intake_id: Mapped[str] = mapped_column(primary_key=True)
    channel: Mapped[str]
    translator: Mapped[str]
    source: Mapped[str]
    digest: Mapped[str]
    """Hash of the payload and its identifying headers: the same payload again is the same intake."""
    raw: Mapped[bytes] = mapped_column(LargeBinary)
    headers: Mapped[Json]
    status: Mapped[str]
    kind: Mapped[str]
    channel_order_id: Mapped[str | None]
    order_id: Mapped[str | None] = mapped_column(ForeignKey("orders.order_id"))
    field: Mapped[str | None]
    reason: Mapped[str | None]
    wanted: Mapped[list[dict[str, str]]] = mapped_column(JSONB, server_default="[]")
    """`{order_id, kind, event_id}` for each order that a thin event names."""
    tries: Mapped[int] = mapped_column(server_default="1")
    received_at: Mapped[Now]
    tried_at: Mapped[Now]

    __table_args__ = (
        CheckConstraint("source IN ('webhook', 'batch', 'file', 'pull')", "source"),
        CheckConstraint("status IN ('taken', 'rejected', 'ignored', 'waiting', 'retried')", "status"),
        UniqueConstraint("channel", "digest"),
        Index("ix_intakes_status", "status", "intake_id"),
        Index("ix_intakes_order", "order_id"),
    )
