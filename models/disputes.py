"""Disputes of customers with their bank about the payment of an order."""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Now, When


class DisputeRow(Base):
    """One dispute. `dispute_id` begins with who told of it: payments, a channel, or a settlement file.

    `taken_minor` of our money is gone until it is decided: no more than was held when it was opened. `outcome` is empty
    until then. The alert comes at `warn_at`, null when it needs none."""

    __tablename__ = "disputes"

    dispute_id: Mapped[str] = mapped_column(primary_key=True)
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.order_id"))
    payment_reference: Mapped[str]
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    taken_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    reason_code: Mapped[str]
    stage: Mapped[str]
    respond_by: Mapped[When]
    warn_at: Mapped[When]
    outcome: Mapped[str] = mapped_column(server_default="")
    opened_at: Mapped[Now]
    decided_at: Mapped[When]
    evidence_at: Mapped[When]
    evidence_by: Mapped[str] = mapped_column(server_default="")

    __table_args__ = (
        CheckConstraint("amount_minor > 0 AND taken_minor >= 0", "amounts"),
        CheckConstraint("outcome IN ('', 'won', 'lost')", "outcome"),
        CheckConstraint("stage IN ('inquiry', 'chargeback', 'arbitration')", "stage"),
        Index("ix_disputes_order", "order_id"),
        Index("ix_disputes_opened", "opened_at", "dispute_id"),
        Index("ix_disputes_warn", "warn_at", postgresql_where=text("warn_at IS NOT NULL")),
    )
