"""Rows that are set aside: they failed too often, and stay out of their queue until a person has them tried again."""

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Now, Serial, When


class SetAsideRow(Base):
    """A row that a job failed on, by kind of job and key of the row. It is set aside from `aside_at` on, and still
    retried before.

    `reason` is the type of the error without its text, which may name a person.
    """

    __tablename__ = "set_asides"

    aside_id: Mapped[Serial]
    kind: Mapped[str]
    subject: Mapped[str]
    reason: Mapped[str]
    tries: Mapped[int] = mapped_column(server_default="1")
    first_at: Mapped[Now]
    last_at: Mapped[Now]
    aside_at: Mapped[When]

    __table_args__ = (
        UniqueConstraint("kind", "subject"),
        Index("ix_set_asides_aside", "kind", "aside_id", postgresql_where=text("aside_at IS NOT NULL")),
        Index("ix_set_asides_tried", "kind", "last_at", postgresql_where=text("aside_at IS NULL")),
    )
