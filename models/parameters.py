"""Dated parameters of checks and sourcing, and blocked buyers."""

from typing import Any

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Now, Serial, Timestamp, When


class ParameterRow(Base):
    """One value of one parameter for a span of time, append-only. Of several valid ones the latest begun counts.

    `set_by` and `set_at` say who wrote it; domain/parameters.py says which names there are and what their values are.
    """

    __tablename__ = "parameters"

    parameter_id: Mapped[Serial]
    name: Mapped[str]
    valid_from: Mapped[Timestamp]
    valid_to: Mapped[When]
    value: Mapped[Any] = mapped_column(JSONB)
    source: Mapped[str]
    set_by: Mapped[str]
    set_at: Mapped[Now]

    __table_args__ = (
        CheckConstraint("valid_to IS NULL OR valid_to > valid_from", "span"),
        Index("ix_parameters_name", "name", "valid_from"),
    )


class BuyerBlockRow(Base):
    """A blocked buyer, whose orders are all held. `subject` is a customer id, a receiver token or a buyer token."""

    __tablename__ = "buyer_blocks"

    block_id: Mapped[Serial]
    subject: Mapped[str]
    reason: Mapped[str]
    valid_from: Mapped[Now]
    valid_to: Mapped[When]
    set_by: Mapped[str]

    __table_args__ = (Index("ix_buyer_blocks_subject", "subject"),)
