"""Accounts at channels, and everything that came from them, kept as it came."""

from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Json, Now


class ChannelAccountRow(Base):
    """A shop of ours at a channel: whose words it speaks and by which secret its webhooks are known.

    `settings` may have country, currency, zone, salt, marketplace and carriers, which replace those of the translator,
    `signature` with header, algorithm, encoding and prefix of a gateway that signs otherwise, `merge_window`, how many
    seconds orders wait for others of the same receiver among the channels of one `merge_group`, `when_short` of
    domain/shortages.py, `language`, what its customers read, and `pull`, `push` and `upload` with what settings.py of
    integrations/pulls, integrations/pushes and integrations/uploads lists: they hold the platform's token, so settings
    are shown nowhere as they are.
    """

    __tablename__ = "channel_accounts"

    channel: Mapped[str] = mapped_column(primary_key=True)
    translator: Mapped[str]
    secret: Mapped[str]
    settings: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    created_at: Mapped[Now]


class IntakeRow(Base):
    """One payload of a channel and what became of it. `raw` may name a person: whoever erases one empties it too.

    `taken` is now part of an order, `retried` became so on a later try, `rejected` could not be read (`field` and
    `reason` say why), `ignored` says nothing of an order, and `waiting` only names the orders `wanted`: fetch them.
    """

    __tablename__ = "intakes"

    intake_id: Mapped[str] = mapped_column(primary_key=True)
    channel: Mapped[str]
    translator: Mapped[str]
    source: Mapped[str]
    digest: Mapped[str]
    """Of the payload and what its headers say of it: the same one again is the same intake."""
    raw: Mapped[bytes] = mapped_column(LargeBinary)
    headers: Mapped[Json]
    status: Mapped[str]
    kind: Mapped[str]
    channel_order_id: Mapped[str | None]
    order_id: Mapped[str | None] = mapped_column(ForeignKey("orders.order_id"))
    field: Mapped[str | None]
    reason: Mapped[str | None]
    wanted: Mapped[list[dict[str, str]]] = mapped_column(JSONB, server_default="[]")
    """`{order_id, kind, event_id}` of each order that a thin event names."""
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
