"""Requests with an Idempotency-Key, and their answers."""

from sqlalchemy import Index, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Now


class IdempotencyKeyRow(Base):
    """One key of one holder. `status` is null while the first request is still running."""

    __tablename__ = "idempotency_keys"

    holder: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str]
    claimed_at: Mapped[Now]
    status: Mapped[int | None] = mapped_column(SmallInteger)
    body: Mapped[str | None]
    media_type: Mapped[str | None]

    __table_args__ = (Index("ix_idempotency_keys_claimed", "claimed_at"),)
