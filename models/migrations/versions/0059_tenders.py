"""Orders may have several tenders: parts of the price that are paid apart from their own payment"""

import sqlalchemy as sa
from alembic import op

revision = "0059"
down_revision = "0058"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tenders",
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("tender_no", sa.SmallInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("collected", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_tenders_amount_positive")),
        sa.CheckConstraint(
            "kind IN ('gateway', 'platform', 'store_credit', 'gift_card')", name=op.f("ck_tenders_kind")
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name=op.f("fk_tenders_order_id_orders")),
        sa.PrimaryKeyConstraint("order_id", "tender_no", name=op.f("pk_tenders")),
        sa.UniqueConstraint("order_id", "reference", name=op.f("uq_tenders_order_id_reference")),
    )
    op.create_index("ix_tenders_reference", "tenders", ["reference"])
    op.add_column("orders", sa.Column("tendered_minor", sa.BigInteger(), server_default="0", nullable=False))
