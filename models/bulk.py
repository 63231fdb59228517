"""Bulks: one command for many orders, return cases or payloads, and what became of each."""

from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Json, Now, When

OPEN = text("ended_at IS NULL")
WAITING = text("state = 'waiting'")


class BulkRow(Base):
    """A command and its caller. The counts are of items that are settled; the others wait.

    Its key stays the caller's: what the key may no longer do is refused. `filter` is without what names a person.
    """

    __tablename__ = "bulks"

    bulk_id: Mapped[str] = mapped_column(primary_key=True)
    command: Mapped[str]
    parameters: Mapped[Json]
    filter: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    """Null for a list of ids."""
    key_id: Mapped[str]
    actor: Mapped[str]
    """The name of the key."""
    channel: Mapped[str | None]
    """The channel of the key; null for one of all channels."""
    request_key: Mapped[str]
    """A hash of the request's Idempotency-Key."""
    fingerprint: Mapped[str]
    """Of the request, so that the key is not used for another one."""
    total: Mapped[int]
    done: Mapped[int] = mapped_column(server_default="0")
    pending: Mapped[int] = mapped_column(server_default="0")
    refused: Mapped[int] = mapped_column(server_default="0")
    not_found: Mapped[int] = mapped_column(server_default="0")
    failed: Mapped[int] = mapped_column(server_default="0")
    canceled: Mapped[int] = mapped_column(server_default="0")
    created_at: Mapped[Now]
    cancel_asked_at: Mapped[When]
    canceled_by: Mapped[str | None]
    ended_at: Mapped[When]

    __table_args__ = (
        UniqueConstraint("key_id", "request_key"),
        Index("ix_bulks_channel", "channel", "bulk_id"),
        Index("ix_bulks_open", "bulk_id", postgresql_where=OPEN),
        Index("ix_bulks_ended", "ended_at"),
    )


class BulkItemRow(Base):
    """One of a bulk: `subject_id` is the id of an order, a return case or a payload.

    `tries` counts answers that settled nothing; it is part of the item's idempotency key.
    """

    __tablename__ = "bulk_items"

    bulk_id: Mapped[str] = mapped_column(ForeignKey(BulkRow.bulk_id, ondelete="CASCADE"), primary_key=True)
    item_no: Mapped[int] = mapped_column(primary_key=True)
    subject_id: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="waiting")
    code: Mapped[str] = mapped_column(server_default="")
    detail: Mapped[str] = mapped_column(server_default="")
    tries: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    settled_at: Mapped[When]

    __table_args__ = (
        CheckConstraint(
            "state IN ('waiting', 'done', 'pending', 'refused', 'not_found', 'failed', 'canceled')", name="state"
        ),
        Index("ix_bulk_items_waiting", "bulk_id", "tries", "item_no", postgresql_where=WAITING),
    )
