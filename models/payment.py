"""Money that moved: the payment status is derived from these rows and nothing else."""

from sqlalchemy import BigInteger, CheckConstraint, Computed, ForeignKey, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import BY_PAGES, Base, Now, Serial, When

MOVEMENTS = "'authorized', 'captured', 'refunded', 'voided', 'failed', 'moved', 'credited', 'forfeited'"

UNUSUAL = "'authorized', 'refunded', 'voided', 'failed', 'credited'"
"""Kinds that few orders have, so that the orders with them are found by an index."""


class MoneyMovementRow(Base):
    """One movement of one order, append-only; `key` is the idempotency key of the request.

    `moved` money pays for the follow-up order of a return, which has it as captured; `credited` money became a store
    credit, and a `forfeited` deposit is ours. None of these involves the gateway.
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
        CheckConstraint(f"kind IN ({MOVEMENTS})", "kind_known"),
        CheckConstraint("amount_minor >= 0", "amount_not_negative"),
        Index("ix_money_movements_order", "order_id"),
        Index("ix_money_movements_return", "return_id", postgresql_where=text("return_id IS NOT NULL")),
        Index("ix_money_movements_at", "at", **BY_PAGES),
        Index("ix_money_movements_unusual", "kind", postgresql_where=text(f"kind IN ({UNUSUAL})")),
    )


class PaymentRow(Base):
    """The order that owns a payment: the first one that named it, for good. Of a shared payment, the first of them."""

    __tablename__ = "payments"

    reference: Mapped[str] = mapped_column(primary_key=True)
    """The gateway's id of the payment."""
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.order_id"))
    bound_at: Mapped[Now]
    shared_minor: Mapped[int | None] = mapped_column(BigInteger)
    """All that a payment of several orders is of; null if it is of one order."""


class PaymentPartRow(Base):
    """The part of a shared payment that one order has."""

    __tablename__ = "payment_parts"

    reference: Mapped[str] = mapped_column(ForeignKey("payments.reference"), primary_key=True)
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.order_id"), primary_key=True)
    amount_minor: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (
        CheckConstraint("amount_minor >= 0", "amount_not_negative"),
        Index("ix_payment_parts_order", "order_id"),
    )


class PaymentLinkRow(Base):
    """A link by which a customer pays what an edit charges; `reference` is that of its payment.

    `state` is open, paid or void (another took its place, or nothing is due any more); `told_at` is null until the
    gateway knows of it."""

    __tablename__ = "payment_links"

    reference: Mapped[str] = mapped_column(primary_key=True)
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.order_id"))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="open")
    url: Mapped[str] = mapped_column(server_default="")
    made_at: Mapped[Now]
    told_at: Mapped[When]

    __table_args__ = (
        CheckConstraint("amount_minor > 0", "amount_positive"),
        CheckConstraint("state IN ('open', 'paid', 'void')", "state"),
        Index("ix_payment_links_order", "order_id"),
    )


class AskedRefundRow(Base):
    """A refund that the gateway is asked for and has not answered yet: part of the money of one payment.

    `key` is that of the refund, `link` the reference of the link whose payment gives it back, empty for the order's
    own."""

    __tablename__ = "asked_refunds"

    key: Mapped[str] = mapped_column(primary_key=True)
    link: Mapped[str] = mapped_column(primary_key=True)
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.order_id"))
    return_id: Mapped[str | None]
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    asked_at: Mapped[Now]

    __table_args__ = (
        CheckConstraint("amount_minor > 0", "amount_positive"),
        Index("ix_asked_refunds_order", "order_id"),
    )


class TenderRow(Base):
    """A part of an order's price that is paid apart from its own payment. Movements of its money have its reference at
    the end of their key, after an `@`."""

    __tablename__ = "tenders"

    order_id: Mapped[str] = mapped_column(ForeignKey("orders.order_id"), primary_key=True)
    tender_no: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    kind: Mapped[str]
    reference: Mapped[str]
    """That of the gateway or the channel, or the public id of a store credit."""
    method: Mapped[str] = mapped_column(server_default="")
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    """In the currency of the order."""
    due_at: Mapped[When]
    """Until when it must be paid, if it is the balance of a pre-sale."""
    collected: Mapped[bool] = mapped_column(server_default=text("false"))
    """What the channel says of a tender that it collects."""

    __table_args__ = (
        CheckConstraint("amount_minor > 0", "amount_positive"),
        CheckConstraint("kind IN ('gateway', 'platform', 'store_credit', 'gift_card')", "kind"),
        UniqueConstraint("order_id", "reference"),
        Index("ix_tenders_reference", "reference"),
    )


class StoreCreditRow(Base):
    """A balance that a customer may buy with: money of a return that stays with us, or issued by staff. `key` is that
    of its movement of money, or names how it was issued.

    The `code` names nobody, and is secret: whoever has it may spend. Everything else knows it by its `credit_id`
    (domain/tenders.py).
    """

    __tablename__ = "store_credits"

    code: Mapped[str] = mapped_column(primary_key=True)
    credit_id: Mapped[str] = mapped_column(
        Computed("'cr_' || left(encode(sha256(upper(code)::bytea), 'hex'), 24)", persisted=True)
    )
    kind: Mapped[str] = mapped_column(server_default="store_credit")
    customer_id: Mapped[str]
    """Empty for a card that anybody may hold."""
    order_id: Mapped[str | None] = mapped_column(ForeignKey("orders.order_id"))
    return_id: Mapped[str | None] = mapped_column(ForeignKey("returns.return_id"))
    issued_by: Mapped[str] = mapped_column(server_default="")
    """The key that issued it; empty for money of a return."""
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    spent_minor: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """How much of it orders have spent; its movements add up to it."""
    currency: Mapped[str]
    key: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[Now]

    __table_args__ = (
        CheckConstraint("amount_minor > 0", "amount_positive"),
        CheckConstraint("spent_minor BETWEEN 0 AND amount_minor", "never_overdrawn"),
        CheckConstraint("kind IN ('store_credit', 'gift_card')", "kind"),
        Index("ix_store_credits_customer", "customer_id", "code"),
        Index("uq_store_credits_credit_id", "credit_id", unique=True),
    )


class StoreCreditMovementRow(Base):
    """What one order has spent of a store credit or gift card, or gave back to it. Append-only; the key is that of the
    order's movement of money."""

    __tablename__ = "store_credit_movements"

    movement_id: Mapped[Serial]
    credit_id: Mapped[str] = mapped_column(ForeignKey("store_credits.credit_id"))
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.order_id"))
    kind: Mapped[str]
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    key: Mapped[str] = mapped_column(unique=True)
    at: Mapped[Now]

    __table_args__ = (
        CheckConstraint("kind IN ('spent', 'given_back')", "kind"),
        CheckConstraint("amount_minor > 0", "amount_positive"),
        Index("ix_store_credit_movements_credit", "credit_id", "movement_id"),
        Index("ix_store_credit_movements_order", "order_id"),
    )
