"""Who moved the goods, beside why; whom more goods may wake; and quotas that begin or end by themselves"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

RARE = sa.text("kind IN ('received', 'returned', 'quarantined', 'adjusted', 'transferred')")
TO_COME = sa.text("looked_at < valid_from OR looked_at < valid_to")
NOW = sa.text("now()")


def upgrade() -> None:
    op.add_column("stock_movements", sa.Column("actor", sa.Text(), server_default="baton", nullable=False))
    op.drop_index("ix_stock_movements_kind", "stock_movements")
    op.create_index("ix_stock_movements_kind", "stock_movements", ["kind", "movement_id"], postgresql_where=RARE)
    op.add_column("stock_touches", sa.Column("more", sa.Boolean(), server_default="false", nullable=False))
    looked_at = sa.Column("looked_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False)
    op.add_column("channel_quotas", looked_at)
    op.create_index("ix_channel_quotas_to_come", "channel_quotas", ["quota_id"], postgresql_where=TO_COME)
