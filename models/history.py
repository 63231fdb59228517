"""The parts of workflow histories that support needs, kept after Temporal deletes them."""

from typing import Any

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Now, Timestamp
from models.packed import Packed


class HistoryDueRow(Base):
    """A workflow that is about to close, and when to check (again) that it has."""

    __tablename__ = "histories_due"

    subject: Mapped[str] = mapped_column(primary_key=True)
    """The order or return that the workflow is for."""
    look_after: Mapped[Timestamp]
    tries: Mapped[int] = mapped_column(server_default="0")

    __table_args__ = (Index("ix_histories_due_look", "look_after"),)


class KeptHistoryRow(Base):
    """The events of a closed workflow, in the form of `workflows.history.Happening`.

    They are packed, unless something failed: a failure may name somebody, and SQL must be able to erase it.
    """

    __tablename__ = "kept_histories"

    workflow_id: Mapped[str] = mapped_column(primary_key=True)
    order_id: Mapped[str]
    happenings: Mapped[list[dict[str, Any]]] = mapped_column(Packed)
    kept_at: Mapped[Now]

    __table_args__ = (Index("ix_kept_histories_order", "order_id"),)
