"""What carriers collect at the door for each shipment, and what they remit"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0057"
down_revision = "0056"
branch_labels = None
depends_on = None


def upgrade() -> None:
    now = {"server_default": sa.func.now(), "nullable": False}
    op.create_table(
        "remittances",
        sa.Column("remittance_id", sa.Text(), nullable=False),
        sa.Column("carrier", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("request_hash", sa.Text(), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("differences", postgresql.JSONB(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), **now),
        sa.PrimaryKeyConstraint("remittance_id", name=op.f("pk_remittances")),
    )
    op.create_table(
        "cash_collections",
        sa.Column("shipment_id", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("units", postgresql.JSONB(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="asked", nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), **now),
        sa.Column("collected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("remitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("remittance_id", sa.Text(), nullable=True),
        sa.Column("remitted_minor", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "state IN ('asked', 'collected', 'remitted', 'void')", name=op.f("ck_cash_collections_state")
        ),
        sa.CheckConstraint("amount_minor >= 0", name=op.f("ck_cash_collections_amount_not_negative")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name=op.f("fk_cash_collections_order_id_orders")),
        sa.ForeignKeyConstraint(
            ["remittance_id"],
            ["remittances.remittance_id"],
            name=op.f("fk_cash_collections_remittance_id_remittances"),
        ),
        sa.PrimaryKeyConstraint("shipment_id", name=op.f("pk_cash_collections")),
    )
    op.create_index("ix_cash_collections_order", "cash_collections", ["order_id"])
    op.create_index("ix_cash_collections_state", "cash_collections", ["state", "shipment_id"])
