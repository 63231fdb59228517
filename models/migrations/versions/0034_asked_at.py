"""It is known when warehouse or carrier was asked for work of which it says nothing"""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("fulfillment_orders", sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True))
