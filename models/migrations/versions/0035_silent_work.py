"""Work and parcels of which nothing was heard for long are found by a look at the head of an index"""

import sqlalchemy as sa

from models.migrations.online import create_index

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

SINCE = sa.text("coalesce(asked_at, packed_at, released_at, created_at)")
AT_WAREHOUSE = sa.text("status IN ('released', 'picking', 'picked')")
AT_CARRIER = sa.text("status IN ('packed', 'shipped') AND shipment_id IS NOT NULL")


def upgrade() -> None:
    create_index("ix_fulfillment_orders_silent_work", "fulfillment_orders", [SINCE], postgresql_where=AT_WAREHOUSE)
    create_index("ix_fulfillment_orders_silent_parcels", "fulfillment_orders", [SINCE], postgresql_where=AT_CARRIER)
