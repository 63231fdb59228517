"""Money that carriers collect from customers at the door, and what they remit of it."""

from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Now, When

ASKED, COLLECTED, REMITTED, VOID = "asked", "collected", "remitted", "void"


class CashCollectionRow(Base):
    """What the carrier of one shipment collects for one order; `units` are those in it by stocked SKU.

    `state` is asked (of the carrier), collected (it has delivered), remitted (it has paid us), or void: the booking was
    given back, or the goods came back.
    """

    __tablename__ = "cash_collections"

    shipment_id: Mapped[str] = mapped_column(primary_key=True)
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.order_id"))
    units: Mapped[dict[str, int]] = mapped_column(JSONB)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="asked")
    asked_at: Mapped[Now]
    collected_at: Mapped[When]
    remitted_at: Mapped[When]
    remittance_id: Mapped[str | None] = mapped_column(ForeignKey("remittances.remittance_id"))
    remitted_minor: Mapped[int | None] = mapped_column(BigInteger)

    __table_args__ = (
        CheckConstraint("state IN ('asked', 'collected', 'remitted', 'void')", "state"),
        CheckConstraint("amount_minor >= 0", "amount_not_negative"),
        Index("ix_cash_collections_order", "order_id"),
        Index("ix_cash_collections_state", "state", "shipment_id"),
    )


class RemittanceRow(Base):
    """A carrier's payment of what it collected, as it stated it; `differences` are those from what we expected."""

    __tablename__ = "remittances"

    remittance_id: Mapped[str] = mapped_column(primary_key=True)
    """The carrier, a colon, and its own reference."""
    carrier: Mapped[str]
    currency: Mapped[str]
    request_hash: Mapped[str]
    lines: Mapped[int]
    total_minor: Mapped[int] = mapped_column(BigInteger)
    differences: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    actor: Mapped[str]
    received_at: Mapped[Now]
