"""Buffers keep units of a place from being sold online"""

import sqlalchemy as sa
from alembic import op

revision = "0056"
down_revision = "0055"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "buffers",
        sa.Column("buffer_id", sa.Text(), nullable=False),
        sa.Column("location_id", sa.Text(), server_default="", nullable=False),
        sa.Column("kind", sa.Text(), server_default="", nullable=False),
        sa.Column("sku", sa.Text(), server_default="", nullable=False),
        sa.Column("goods_class", sa.Text(), server_default="", nullable=False),
        sa.Column("units", sa.Integer(), nullable=True),
        sa.Column("percent", sa.SmallInteger(), nullable=True),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("looked_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint("num_nonnulls(units, percent) = 1", name=op.f("ck_buffers_units_or_percent")),
        sa.CheckConstraint("units >= 0", name=op.f("ck_buffers_units")),
        sa.CheckConstraint("percent BETWEEN 0 AND 100", name=op.f("ck_buffers_percent")),
        sa.CheckConstraint("location_id = '' OR kind = ''", name=op.f("ck_buffers_one_place")),
        sa.CheckConstraint("sku = '' OR goods_class = ''", name=op.f("ck_buffers_one_kind_of_goods")),
        sa.CheckConstraint("valid_to > valid_from", name=op.f("ck_buffers_begins_before_it_ends")),
        sa.PrimaryKeyConstraint("buffer_id", name=op.f("pk_buffers")),
    )
    op.create_index("ix_buffers_goods", "buffers", ["sku", "location_id"])
    to_come = sa.text("looked_at < valid_from OR looked_at < valid_to")
    op.create_index("ix_buffers_to_come", "buffers", ["buffer_id"], postgresql_where=to_come)
