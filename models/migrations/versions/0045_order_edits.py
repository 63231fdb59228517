"""Edits of orders are stored, so that logs and histories need only their ids"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

EMPTY, NOTHING, NOW = sa.text("''"), sa.text("'{}'"), sa.func.now()


def upgrade() -> None:
    op.create_table(
        "order_edits",
        sa.Column("number", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("edit_id", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default=EMPTY, nullable=False),
        sa.Column("fields", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("wanted", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("was", postgresql.JSONB(astext_type=sa.Text()), server_default=NOTHING, nullable=False),
        sa.Column("base_version", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("difference_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'proposed'"), nullable=False),
        sa.Column("refused_field", sa.Text(), server_default=EMPTY, nullable=False),
        sa.Column("refusal", sa.Text(), server_default=EMPTY, nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('proposed', 'applied', 'refused', 'superseded')", name=op.f("ck_order_edits_state")
        ),
        sa.CheckConstraint("source IN ('api', 'channel')", name=op.f("ck_order_edits_source")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name=op.f("fk_order_edits_order_id_orders")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_order_edits")),
        sa.UniqueConstraint("edit_id", name=op.f("uq_order_edits_edit_id")),
    )
    op.create_index("ix_order_edits_order", "order_edits", ["order_id", "number"])
    op.create_index(
        "ix_order_edits_proposed", "order_edits", ["order_id"], postgresql_where=sa.text("state = 'proposed'")
    )
    op.add_column("orders", sa.Column("edited_minor", sa.BigInteger(), server_default="0", nullable=False))
