"""Edits of orders: what was wanted, by whom and why. Logs and histories carry only their ids and names of fields."""

from typing import Any

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, ForeignKey, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Now, Serial, When


class OrderEditRow(Base):
    """One edit. `wanted` and `was` hold the values of its fields after and before, `reason` why; a person's erasure
    empties them.

    `source` is `api` or `channel`. `base_version` is the version of the order that it was judged by, `version` the one
    that it made. `difference_minor` is charged, or paid back if it is negative. A refused edit says which field and
    why; an edit that the order has moved past is superseded.
    """

    __tablename__ = "order_edits"

    number: Mapped[Serial]
    edit_id: Mapped[str] = mapped_column(unique=True)
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.order_id"))
    source: Mapped[str]
    actor: Mapped[str]
    reason: Mapped[str] = mapped_column(server_default="")
    fields: Mapped[list[str]] = mapped_column(ARRAY(Text))
    wanted: Mapped[dict[str, Any]] = mapped_column(JSONB)
    was: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    base_version: Mapped[int]
    version: Mapped[int | None]
    difference_minor: Mapped[int] = mapped_column(BigInteger, server_default="0")
    state: Mapped[str] = mapped_column(server_default="proposed")
    refused_field: Mapped[str] = mapped_column(server_default="")
    refusal: Mapped[str] = mapped_column(server_default="")
    asked_at: Mapped[Now]
    answered_at: Mapped[When]

    __table_args__ = (
        CheckConstraint("state IN ('proposed', 'applied', 'refused', 'superseded')", "state"),
        CheckConstraint("source IN ('api', 'channel')", "source"),
        Index("ix_order_edits_order", "order_id", "number"),
        Index("ix_order_edits_proposed", "order_id", postgresql_where=text("state = 'proposed'")),
    )
