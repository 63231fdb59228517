"""What orders spend of store credits, and give back to them, are movements"""

import sqlalchemy as sa
from alembic import op

revision = "0074"
down_revision = "0073"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "store_credit_movements",
        sa.Column("movement_id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("credit_id", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint("kind IN ('spent', 'given_back')", name=op.f("ck_store_credit_movements_kind")),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_store_credit_movements_amount_positive")),
        sa.ForeignKeyConstraint(
            ["credit_id"], ["store_credits.credit_id"], name=op.f("fk_store_credit_movements_credit_id_store_credits")
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.order_id"], name=op.f("fk_store_credit_movements_order_id_orders")
        ),
        sa.PrimaryKeyConstraint("movement_id", name=op.f("pk_store_credit_movements")),
        sa.UniqueConstraint("key", name=op.f("uq_store_credit_movements_key")),
    )
    op.create_index("ix_store_credit_movements_credit", "store_credit_movements", ["credit_id", "movement_id"])
    op.create_index("ix_store_credit_movements_order", "store_credit_movements", ["order_id"])
