"""Pull: how far each channel was pulled, and which orders were missing"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

WHEN = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "channel_pulls",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("pulled_to", WHEN, nullable=True),
        sa.Column("window_start", WHEN, nullable=True),
        sa.Column("window_end", WHEN, nullable=True),
        sa.Column("page", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("not_before", WHEN, nullable=True),
        sa.Column("ran_at", WHEN, nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("orders_seen", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_channel_pulls")),
    )
    op.create_table(
        "missing_orders",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("channel_order_id", sa.Text(), nullable=False),
        sa.Column("modified_at", WHEN, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("first_missing_at", WHEN, server_default=sa.text("now()"), nullable=False),
        sa.Column("outcome", sa.Text(), server_default=sa.text("'nothing_yet'"), nullable=False),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("intake_id", sa.Text(), nullable=True),
        sa.Column("settled_at", WHEN, nullable=True),
        sa.CheckConstraint("reason IN ('never_came', 'out_of_date')", name=op.f("ck_missing_orders_reason")),
        sa.CheckConstraint(
            "outcome IN ('nothing_yet', 'pulled', 'refused', 'gone')", name=op.f("ck_missing_orders_outcome")
        ),
        sa.ForeignKeyConstraint(["intake_id"], ["intakes.intake_id"], name=op.f("fk_missing_orders_intake_id")),
        sa.PrimaryKeyConstraint("channel", "channel_order_id", name=op.f("pk_missing_orders")),
    )
    op.create_index("ix_missing_orders_first", "missing_orders", ["first_missing_at"], unique=False)
