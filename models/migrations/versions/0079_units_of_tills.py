"""A receipt may be restated: what was taken from its store's stock is kept by line"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0079"
down_revision = "0078"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("parcels_elsewhere", sa.Column("sold", JSONB(), server_default="[]", nullable=False))
    # Receipts only, which came with this version.
    op.execute("UPDATE parcels_elsewhere SET sold = lines WHERE sold_at IS NOT NULL")
