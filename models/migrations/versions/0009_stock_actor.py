"""Who moved the goods, beside why"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("stock_movements", sa.Column("actor", sa.Text(), server_default="baton", nullable=False))
