"""Customers who buy on credit: their limits, what their orders claim of it, and their invoices."""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Now, Timestamp, When


class CreditAccountRow(Base):
    """How much a customer may owe, in one currency. An invoice is due `days` after its goods have left."""

    __tablename__ = "credit_accounts"

    customer_id: Mapped[str] = mapped_column(primary_key=True)
    currency: Mapped[str]
    limit_minor: Mapped[int] = mapped_column(BigInteger)
    days: Mapped[int]
    set_by: Mapped[str]
    set_at: Mapped[Now]

    __table_args__ = (
        CheckConstraint("limit_minor >= 0", "limit_not_negative"),
        CheckConstraint("days BETWEEN 0 AND 365", "days"),
    )


class CreditClaimRow(Base):
    """What an order claims of its customer's credit. It counts if the order `fits`, or a person has let it go on; its
    invoices take its place. `closed_at` is set when the order has ended and everything that left is invoiced."""

    __tablename__ = "credit_claims"

    order_id: Mapped[str] = mapped_column(ForeignKey("orders.order_id"), primary_key=True)
    customer_id: Mapped[str]
    currency: Mapped[str]
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    fits: Mapped[bool]
    closed_at: Mapped[When]

    __table_args__ = (
        Index("ix_credit_claims_open", "customer_id", postgresql_where=text("closed_at IS NULL")),
        CheckConstraint("amount_minor >= 0", "amount_not_negative"),
    )


class InvoiceRow(Base):
    """What the customer owes for one parcel. `settled_minor` was paid, or credited for goods that came back;
    `closed_at` is set when that is all of it, and `overdue_at` when a person was called to it."""

    __tablename__ = "invoices"

    invoice_id: Mapped[str] = mapped_column(primary_key=True)
    """That of the fulfillment order which the parcel was."""
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.order_id"))
    customer_id: Mapped[str]
    currency: Mapped[str]
    units: Mapped[dict[str, int]] = mapped_column(JSONB)
    """Units by stocked SKU; none once the parcel has come back."""
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    settled_minor: Mapped[int] = mapped_column(BigInteger, server_default="0")
    issued_at: Mapped[Now]
    due_at: Mapped[Timestamp]
    overdue_at: Mapped[When]
    closed_at: Mapped[When]

    __table_args__ = (
        CheckConstraint("settled_minor BETWEEN 0 AND amount_minor", "settled"),
        Index("ix_invoices_order", "order_id"),
        Index("ix_invoices_customer", "customer_id", "invoice_id"),
        Index("ix_invoices_due", "due_at", postgresql_where=text("closed_at IS NULL")),
    )


class InvoiceEntryRow(Base):
    """A payment of an invoice, a credit for goods that came back, or what was written off. What is paid of the latter
    after all is `recovered`: it is settled no more by having been written off. `key` is that of the payment or the
    return."""

    __tablename__ = "invoice_entries"

    invoice_id: Mapped[str] = mapped_column(ForeignKey("invoices.invoice_id"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    actor: Mapped[str]
    at: Mapped[Now]

    __table_args__ = (
        CheckConstraint("kind IN ('payment', 'credit', 'write_off', 'recovered')", "kind_known"),
        CheckConstraint("amount_minor > 0", "amount_positive"),
    )
