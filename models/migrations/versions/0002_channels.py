"""Orders keep what channels say; channel accounts; intakes with what came, kept as it came"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

EMPTY = sa.text("''")
FALSE = sa.text("false")


def upgrade() -> None:
    # Defaults are constants, so no table is written anew.
    op.add_column("orders", sa.Column("receiver_token", sa.Text(), server_default=EMPTY, nullable=False))
    op.add_column("orders", sa.Column("merchant_remarks", sa.Text(), server_default=EMPTY, nullable=False))
    op.add_column("orders", sa.Column("test", sa.Boolean(), server_default=FALSE, nullable=False))
    op.add_column("orders", sa.Column("channel_version", sa.Text(), server_default=EMPTY, nullable=False))
    op.add_column("order_lines", sa.Column("channel_line_id", sa.Text(), server_default=EMPTY, nullable=False))
    op.add_column("order_lines", sa.Column("gift", sa.Boolean(), server_default=FALSE, nullable=False))
    op.add_column("order_lines", sa.Column("bundle_of", sa.Text(), server_default=EMPTY, nullable=False))
    op.add_column(
        "order_lines",
        sa.Column(
            "properties", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False
        ),
    )
    op.create_table(
        "channel_accounts",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("translator", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("settings", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_channel_accounts")),
    )
    op.create_table(
        "intakes",
        sa.Column("intake_id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("translator", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("channel_order_id", sa.Text(), nullable=True),
        sa.Column("order_id", sa.Text(), nullable=True),
        sa.Column("field", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("wanted", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("tries", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("tried_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("source IN ('webhook', 'batch', 'file', 'pull')", name=op.f("ck_intakes_source")),
        sa.CheckConstraint(
            "status IN ('taken', 'rejected', 'ignored', 'waiting', 'retried')", name=op.f("ck_intakes_status")
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name=op.f("fk_intakes_order_id")),
        sa.PrimaryKeyConstraint("intake_id", name=op.f("pk_intakes")),
        sa.UniqueConstraint("channel", "digest", name=op.f("uq_intakes_channel_digest")),
    )
    op.create_index("ix_intakes_status", "intakes", ["status", "intake_id"], unique=False)
    op.create_index("ix_intakes_order", "intakes", ["order_id"], unique=False)
