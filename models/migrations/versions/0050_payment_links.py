"""What an edit charges is paid by a link of the gateway, a payment of its own"""

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None

EMPTY = sa.text("''")


def upgrade() -> None:
    op.create_table(
        "payment_links",
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'open'"), nullable=False),
        sa.Column("url", sa.Text(), server_default=EMPTY, nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_payment_links_amount_positive")),
        sa.CheckConstraint("state IN ('open', 'paid', 'void')", name=op.f("ck_payment_links_state")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name=op.f("fk_payment_links_order_id_orders")),
        sa.PrimaryKeyConstraint("reference", name=op.f("pk_payment_links")),
    )
    op.create_index("ix_payment_links_order", "payment_links", ["order_id"])
    op.add_column("orders", sa.Column("charge_minor", sa.BigInteger(), server_default="0", nullable=False))
