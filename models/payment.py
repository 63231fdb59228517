"""Money that moved: the payment status is derived from these rows and nothing else."""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import BY_PAGES, Base, Now, Serial

MOVEMENTS = "'authorized', 'captured', 'refunded', 'voided', 'failed', 'moved', 'credited'"

UNUSUAL = "'authorized', 'refunded', 'voided', 'failed', 'credited'"
"""Kinds that few orders have, so that the orders with them are found by an index."""


class MoneyMovementRow(Base):
    """One movement of one order, append-only; `key` is the idempotency key of the request.

    `moved` money pays for the follow-up order of a return, which has it as captured; `credited` money became a store
    credit. Neither involves the gateway.
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
        CheckConstraint(f"kind IN ({MOVEMENTS})", "kind"),
        CheckConstraint("amount_minor >= 0", "amount_not_negative"),
        Index("ix_money_movements_order", "order_id"),
        Index("ix_money_movements_return", "return_id", postgresql_where=text("return_id IS NOT NULL")),
        Index("ix_money_movements_at", "at", **BY_PAGES),
        Index("ix_money_movements_unusual", "kind", postgresql_where=text(f"kind IN ({UNUSUAL})")),
    )


class PaymentRow(Base):
    """The order that owns a payment: the first one that named it, for good."""

    __tablename__ = "payments"

    reference: Mapped[str] = mapped_column(primary_key=True)
    """The gateway's id of the payment."""
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.order_id"))
    bound_at: Mapped[Now]


class StoreCreditRow(Base):
    """Money of a return that stays with us for the customer to buy with; `key` is that of its movement.

    The CRM keeps track of how it is spent. The `code` names nobody.
    """

    __tablename__ = "store_credits"

    code: Mapped[str] = mapped_column(primary_key=True)
    customer_id: Mapped[str]
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.order_id"))
    return_id: Mapped[str] = mapped_column(ForeignKey("returns.return_id"))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    key: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[Now]

    __table_args__ = (
        CheckConstraint("amount_minor > 0", "amount_positive"),
        Index("ix_store_credits_customer", "customer_id", "code"),
    )
