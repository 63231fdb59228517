"""Bulks: one command for many orders, and what became of each"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0058"
down_revision = "0057"
branch_labels = None
depends_on = None

COUNTS = ("done", "pending", "refused", "not_found", "failed", "canceled")


def upgrade() -> None:
    op.create_table(
        "bulks",
        sa.Column("bulk_id", sa.Text(), nullable=False),
        sa.Column("command", sa.Text(), nullable=False),
        sa.Column("parameters", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("filter", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("key_id", "actor")),
        sa.Column("channel", sa.Text(), nullable=True),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("request_key", "fingerprint")),
        sa.Column("total", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Integer(), server_default="0", nullable=False) for name in COUNTS),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("cancel_asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("canceled_by", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("bulk_id", name=op.f("pk_bulks")),
        sa.UniqueConstraint("key_id", "request_key", name=op.f("uq_bulks_key_id_request_key")),
    )
    op.create_index("ix_bulks_channel", "bulks", ["channel", "bulk_id"])
    op.create_index("ix_bulks_open", "bulks", ["bulk_id"], postgresql_where=sa.text("ended_at IS NULL"))
    op.create_index("ix_bulks_ended", "bulks", ["ended_at"])
    op.create_table(
        "bulk_items",
        sa.Column("bulk_id", sa.Text(), nullable=False),
        sa.Column("item_no", sa.Integer(), nullable=False),
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("code", sa.Text(), server_default="", nullable=False),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.Column("tries", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'done', 'pending', 'refused', 'not_found', 'failed', 'canceled')",
            name=op.f("ck_bulk_items_state"),
        ),
        sa.ForeignKeyConstraint(
            ["bulk_id"], ["bulks.bulk_id"], ondelete="CASCADE", name=op.f("fk_bulk_items_bulk_id_bulks")
        ),
        sa.PrimaryKeyConstraint("bulk_id", "item_no", name=op.f("pk_bulk_items")),
    )
    op.create_index(
        "ix_bulk_items_waiting",
        "bulk_items",
        ["bulk_id", "tries", "item_no"],
        postgresql_where=sa.text("state = 'waiting'"),
    )
