"""Staff write notes about orders and cases, tag cases, and take both"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("orders", sa.Column("assignee", sa.Text(), nullable=True))
    op.add_column("returns", sa.Column("assignee", sa.Text(), nullable=True))
    tags = postgresql.JSONB(astext_type=sa.Text())
    op.add_column("returns", sa.Column("tags", tags, server_default=sa.text("'[]'"), nullable=False))
    op.create_table(
        "notes",
        sa.Column("note_id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("return_id", sa.Text(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("mentions", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("attachments", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name=op.f("fk_notes_order_id_orders")),
        sa.ForeignKeyConstraint(["return_id"], ["returns.return_id"], name=op.f("fk_notes_return_id_returns")),
        sa.PrimaryKeyConstraint("note_id", name=op.f("pk_notes")),
    )
    op.create_index("ix_notes_order", "notes", ["order_id", "note_id"])
    op.create_index("ix_notes_return", "notes", ["return_id"])
    op.create_index("ix_notes_mentions", "notes", ["mentions"], postgresql_using="gin")
