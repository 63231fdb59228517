"""What support needs of the histories of workflows is kept when Temporal forgets them"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "histories_due",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("look_after", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("subject", name="pk_histories_due"),
    )
    op.create_index("ix_histories_due_look", "histories_due", ["look_after"])
    op.create_table(
        "kept_histories",
        sa.Column("workflow_id", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("happenings", JSONB(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("workflow_id", name="pk_kept_histories"),
    )
    op.create_index("ix_kept_histories_order", "kept_histories", ["order_id"])
