"""Merging: orders of one receiver share a shipment"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "merges",
        sa.Column("merge_id", sa.Text(), nullable=False),
        sa.Column("merge_key", sa.Text(), nullable=False),
        sa.Column("location_id", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), server_default="1", nullable=False),
        sa.Column("shipment_id", sa.Text(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["location_id"], ["locations.location_id"], name=op.f("fk_merges_location_id")),
        sa.ForeignKeyConstraint(["shipment_id"], ["shipments.shipment_id"], name=op.f("fk_merges_shipment_id")),
        sa.PrimaryKeyConstraint("merge_id", name=op.f("pk_merges")),
    )
    op.create_index(
        "uq_merges_gathering",
        "merges",
        ["merge_key", "location_id"],
        unique=True,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index(
        "ix_merges_shipment",
        "merges",
        ["shipment_id"],
        unique=False,
        postgresql_where=sa.text("shipment_id IS NOT NULL"),
    )
    op.add_column("fulfillment_orders", sa.Column("merge_id", sa.Text(), nullable=True))
    op.create_foreign_key(
        op.f("fk_fulfillment_orders_merge_id"), "fulfillment_orders", "merges", ["merge_id"], ["merge_id"]
    )
    op.create_index(
        "ix_fulfillment_orders_merge",
        "fulfillment_orders",
        ["merge_id"],
        unique=False,
        postgresql_where=sa.text("merge_id IS NOT NULL"),
    )
