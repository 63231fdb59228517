"""Customers buy on credit: their limits, what orders claim of them, and invoices"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0061"
down_revision = "0060"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "credit_accounts",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("limit_minor", sa.BigInteger(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        _now("set_at"),
        sa.CheckConstraint("limit_minor >= 0", name=op.f("ck_credit_accounts_limit_not_negative")),
        sa.CheckConstraint("days BETWEEN 0 AND 365", name=op.f("ck_credit_accounts_days")),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_credit_accounts")),
    )
    op.create_table(
        "credit_claims",
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("fits", sa.Boolean(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("amount_minor >= 0", name=op.f("ck_credit_claims_amount_not_negative")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name=op.f("fk_credit_claims_order_id_orders")),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_credit_claims")),
    )
    unclosed = sa.text("closed_at IS NULL")
    op.create_index("ix_credit_claims_open", "credit_claims", ["customer_id"], postgresql_where=unclosed)
    op.create_table(
        "invoices",
        sa.Column("invoice_id", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("units", postgresql.JSONB(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("settled_minor", sa.BigInteger(), server_default="0", nullable=False),
        _now("issued_at"),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("overdue_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("settled_minor BETWEEN 0 AND amount_minor", name=op.f("ck_invoices_settled")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name=op.f("fk_invoices_order_id_orders")),
        sa.PrimaryKeyConstraint("invoice_id", name=op.f("pk_invoices")),
    )
    op.create_index("ix_invoices_order", "invoices", ["order_id"])
    op.create_index("ix_invoices_customer", "invoices", ["customer_id", "invoice_id"])
    op.create_index("ix_invoices_due", "invoices", ["due_at"], postgresql_where=unclosed)
    op.create_table(
        "invoice_entries",
        sa.Column("invoice_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        _now("at"),
        sa.CheckConstraint("kind IN ('payment', 'credit')", name=op.f("ck_invoice_entries_kind")),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_invoice_entries_amount_positive")),
        sa.ForeignKeyConstraint(
            ["invoice_id"], ["invoices.invoice_id"], name=op.f("fk_invoice_entries_invoice_id_invoices")
        ),
        sa.PrimaryKeyConstraint("invoice_id", "key", name=op.f("pk_invoice_entries")),
    )


def _now(name: str) -> "sa.Column[object]":
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False)
