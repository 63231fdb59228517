"""Money in dispute is gone until it is decided, and its order is held"""

import sqlalchemy as sa
from alembic import op

revision = "0071"
down_revision = "0070"
branch_labels = None
depends_on = None


def upgrade() -> None:
    empty, when = sa.text("''"), sa.DateTime(timezone=True)
    op.create_table(
        "disputes",
        sa.Column("dispute_id", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("payment_reference", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("taken_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("reason_code", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("respond_by", when, nullable=True),
        sa.Column("warn_at", when, nullable=True),
        sa.Column("outcome", sa.Text(), server_default=empty, nullable=False),
        sa.Column("opened_at", when, server_default=sa.func.now(), nullable=False),
        sa.Column("decided_at", when, nullable=True),
        sa.Column("evidence_at", when, nullable=True),
        sa.Column("evidence_by", sa.Text(), server_default=empty, nullable=False),
        sa.CheckConstraint("amount_minor > 0 AND taken_minor >= 0", name=op.f("ck_disputes_amounts")),
        sa.CheckConstraint("outcome IN ('', 'won', 'lost')", name=op.f("ck_disputes_outcome")),
        sa.CheckConstraint("stage IN ('inquiry', 'chargeback', 'arbitration')", name=op.f("ck_disputes_stage")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name=op.f("fk_disputes_order_id_orders")),
        sa.PrimaryKeyConstraint("dispute_id", name=op.f("pk_disputes")),
    )
    op.create_index("ix_disputes_order", "disputes", ["order_id"])
    op.create_index("ix_disputes_opened", "disputes", ["opened_at", "dispute_id"])
    coming = sa.text("warn_at IS NOT NULL")
    op.create_index("ix_disputes_warn", "disputes", ["warn_at"], postgresql_where=coming)
    op.add_column("orders", sa.Column("disputed_minor", sa.BigInteger(), server_default="0", nullable=False))
