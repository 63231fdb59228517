"""Store credit, what a warranty case is decided to be, and points that were spent before their goods came back"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

MOVEMENTS = "'authorized', 'captured', 'refunded', 'voided', 'failed', 'moved', 'credited'"
CHOICES = {
    "refund_to": "refund_to IN ('original', 'store_credit')",
    "remedy": "remedy IN ('', 'refund', 'exchange', 'reship')",
    "points_not_negative": "points_spent >= 0",
}
POINTS_VALUE = {
    "name": "points_value",
    "valid_from": datetime(2000, 1, 1, tzinfo=UTC),
    "value": {"CNY": "1.00"},
    "source": "Baton's default: set your own",
    "set_by": "baton",
}


def upgrade() -> None:
    op.add_column("returns", sa.Column("refund_to", sa.Text(), server_default="original", nullable=False))
    op.add_column("returns", sa.Column("remedy", sa.Text(), server_default="", nullable=False))
    op.add_column("returns", sa.Column("points_spent", sa.Integer(), server_default="0", nullable=False))
    for name, choice in CHOICES.items():
        op.create_check_constraint(op.f(f"ck_returns_{name}"), "returns", choice)
    op.drop_constraint(op.f("ck_money_movements_kind"), "money_movements")
    op.create_check_constraint(op.f("ck_money_movements_kind"), "money_movements", f"kind IN ({MOVEMENTS})")
    op.create_table(
        "store_credits",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("return_id", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_store_credits_amount_positive")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name=op.f("fk_store_credits_order_id_orders")),
        sa.ForeignKeyConstraint(["return_id"], ["returns.return_id"], name=op.f("fk_store_credits_return_id_returns")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_store_credits")),
        sa.UniqueConstraint("key", name=op.f("uq_store_credits_key")),
    )
    op.create_index("ix_store_credits_customer", "store_credits", ["customer_id", "code"])
    parameters = sa.table(
        "parameters",
        *(sa.column(name) for name in ("name", "source", "set_by")),
        sa.column("valid_from", sa.DateTime(timezone=True)),
        sa.column("value", postgresql.JSONB()),
    )
    op.bulk_insert(parameters, [POINTS_VALUE])
