"""Fair intake: idempotency keys, suspected duplicates, turns between channels"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "idempotency_keys",
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("media_type", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("holder", "key", name=op.f("pk_idempotency_keys")),
    )
    op.create_index("ix_idempotency_keys_claimed", "idempotency_keys", ["claimed_at"], unique=False)
    op.add_column("orders", sa.Column("content_hash", sa.BigInteger(), nullable=True))
    op.create_index("ix_orders_content", "orders", ["content_hash", "placed_at"], unique=False)
    op.create_index(
        "ix_orders_in_audit",
        "orders",
        ["workflow_started_at"],
        unique=False,
        postgresql_where=sa.text("status = 'received' AND workflow_started_at IS NOT NULL"),
    )
    op.drop_index("ix_orders_not_started", "orders")
    op.create_index(
        "ix_orders_not_started",
        "orders",
        ["channel", "relay_after"],
        unique=False,
        postgresql_where=sa.text("workflow_started_at IS NULL"),
    )
