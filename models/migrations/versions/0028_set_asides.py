"""What could not be worked is set aside until a person has it tried again"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "set_asides",
        sa.Column("aside_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), server_default="1", nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("aside_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("aside_id", name=op.f("pk_set_asides")),
        sa.UniqueConstraint("kind", "subject", name=op.f("uq_set_asides_kind_subject")),
    )
    is_aside, is_tried = sa.text("aside_at IS NOT NULL"), sa.text("aside_at IS NULL")
    op.create_index("ix_set_asides_aside", "set_asides", ["kind", "aside_id"], postgresql_where=is_aside)
    op.create_index("ix_set_asides_tried", "set_asides", ["kind", "last_at"], postgresql_where=is_tried)
