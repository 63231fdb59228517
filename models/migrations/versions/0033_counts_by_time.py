"""A count finds what came and left since it was taken, however long the shop has been open"""

import sqlalchemy as sa

from models.migrations import online

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

ON_HAND = sa.text("kind IN ('received', 'shipped', 'returned', 'adjusted', 'transferred')")


def upgrade() -> None:
    columns = ["location_id", "sku", "at"]
    online.create_index("ix_stock_movements_on_hand", "stock_movements", columns, postgresql_where=ON_HAND)
