"""Money that moved: the payment status is derived from these rows and nothing else."""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Now, Serial


class MoneyMovementRow(Base):
    """One movement of one order, append-only; `key` is the idempotency key it was asked with.

    What is `moved` pays for the follow-up order of a return, where it is captured; no gateway is asked for that.
    """

    __tablename__ = "money_movements"

    movement_id: Mapped[Serial]
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.order_id"))
    kind: Mapped[str]
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    gateway_reference: Mapped[str]
    return_id: Mapped[str | None]
    key: Mapped[str] = mapped_column(unique=True)
    at: Mapped[Now]

    __table_args__ = (
        CheckConstraint("kind IN ('authorized', 'captured', 'refunded', 'voided', 'failed', 'moved')", "kind"),
        CheckConstraint("amount_minor >= 0", "amount_not_negative"),
        Index("ix_money_movements_order", "order_id"),
    )
