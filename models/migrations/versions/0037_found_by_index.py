"""What a day's work asks is found by an index, however much has happened before"""

import sqlalchemy as sa

from models.migrations import online

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

IS_PACKED = sa.text("status = 'packed'")
OF_A_RETURN = sa.text("return_id IS NOT NULL")


def upgrade() -> None:
    columns = ["location_id"]
    online.create_index("ix_fulfillment_orders_packed", "fulfillment_orders", columns, postgresql_where=IS_PACKED)
    online.create_index("ix_money_movements_return", "money_movements", ["return_id"], postgresql_where=OF_A_RETURN)
    online.create_index("ix_orders_placed", "orders", ["placed_at"])
