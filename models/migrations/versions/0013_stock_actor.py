"""Who moved the goods, beside why; and transfers are found as quickly as the other rare movements"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

RARE = sa.text("kind IN ('received', 'returned', 'quarantined', 'adjusted', 'transferred')")


def upgrade() -> None:
    op.add_column("stock_movements", sa.Column("actor", sa.Text(), server_default="baton", nullable=False))
    op.drop_index("ix_stock_movements_kind", "stock_movements")
    op.create_index("ix_stock_movements_kind", "stock_movements", ["kind", "movement_id"], postgresql_where=RARE)
