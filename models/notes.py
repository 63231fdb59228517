"""Notes of staff about orders and return cases."""

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Now, Serial


class NoteRow(Base):
    """One note about an order, or about its case `return_id`. A person's erasure empties `words` and `attachments`.

    `mentions` are names of keys and `role:` codes; `attachments` are URLs or names of files that are kept elsewhere.
    """

    __tablename__ = "notes"

    note_id: Mapped[Serial]
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.order_id"))
    return_id: Mapped[str | None] = mapped_column(ForeignKey("returns.return_id"))
    actor: Mapped[str]
    at: Mapped[Now]
    words: Mapped[str]
    mentions: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    attachments: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")

    __table_args__ = (
        Index("ix_notes_order", "order_id", "note_id"),
        Index("ix_notes_return", "return_id"),
        Index("ix_notes_mentions", "mentions", postgresql_using="gin"),
    )
