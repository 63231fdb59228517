"""Goods that were carried home leave the stock of the store that sold them"""

import sqlalchemy as sa
from alembic import op

revision = "0069"
down_revision = "0068"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("parcels_elsewhere", sa.Column("location_id", sa.Text(), server_default="", nullable=False))
    op.add_column("parcels_elsewhere", sa.Column("sold_at", sa.DateTime(timezone=True), nullable=True))
