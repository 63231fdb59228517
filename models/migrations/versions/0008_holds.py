"""Holds on lines, and holds that expire"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("holds", sa.Column("line_no", sa.SmallInteger(), server_default="0", nullable=False))
    op.add_column("holds", sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("holds", sa.Column("on_expiry", sa.Text(), server_default="", nullable=False))
    op.add_column("holds", sa.Column("escalated_at", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint(
        op.f("ck_holds_on_expiry"), "holds", "on_expiry IN ('', 'release', 'cancel', 'escalate')"
    )
    op.drop_index("uq_holds_open", "holds")
    op.create_index(
        "uq_holds_open",
        "holds",
        ["order_id", "code", "line_no"],
        unique=True,
        postgresql_where=sa.text("released_at IS NULL"),
    )
