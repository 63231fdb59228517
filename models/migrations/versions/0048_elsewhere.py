"""Units of an order may be fulfilled elsewhere, in parcels of the channel, and orders of the past have no workflow"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("orders", sa.Column("past", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("order_lines", sa.Column("elsewhere", sa.Integer(), server_default="0", nullable=False))
    op.add_column("channel_pulls", sa.Column("begun_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "parcels_elsewhere",
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("carrier", sa.Text(), nullable=False),
        sa.Column("waybill", sa.Text(), nullable=False),
        sa.Column("shipped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lines", postgresql.JSONB(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name=op.f("fk_parcels_elsewhere_order_id_orders")),
        sa.PrimaryKeyConstraint("order_id", "key", name=op.f("pk_parcels_elsewhere")),
    )
