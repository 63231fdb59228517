"""A payment may cover several orders, each with its part of it"""

import sqlalchemy as sa
from alembic import op

revision = "0077"
down_revision = "0076"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "payment_parts",
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount_minor >= 0", name=op.f("ck_payment_parts_amount_not_negative")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name=op.f("fk_payment_parts_order_id_orders")),
        sa.ForeignKeyConstraint(
            ["reference"], ["payments.reference"], name=op.f("fk_payment_parts_reference_payments")
        ),
        sa.PrimaryKeyConstraint("reference", "order_id", name=op.f("pk_payment_parts")),
    )
    op.create_index("ix_payment_parts_order", "payment_parts", ["order_id"])
    op.add_column("payments", sa.Column("shared_minor", sa.BigInteger(), nullable=True))
    op.add_column("orders", sa.Column("shared_payment", sa.Boolean(), server_default=sa.text("false"), nullable=False))
