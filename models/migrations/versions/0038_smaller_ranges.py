"""Indexes by ranges of pages have smaller ranges and are kept up while pages fill: a search reads all that are not in them"""

from models.migrations import online

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

BY_PAGES = {
    "ix_event_seals_sealed": ("event_seals", "sealed_at"),
    "ix_fulfillment_orders_packed_at": ("fulfillment_orders", "packed_at"),
    "ix_fulfillment_orders_released": ("fulfillment_orders", "released_at"),
    "ix_messages_sent": ("messages", "sent_at"),
    "ix_money_movements_at": ("money_movements", "at"),
    "ix_order_events_at": ("order_events", "at"),
    "ix_orders_promised_deliver_by": ("orders", "promised_deliver_by"),
    "ix_orders_promised_ship_by": ("orders", "promised_ship_by"),
    "ix_shipments_booked": ("shipments", "booked_at"),
}
RANGES = {"pages_per_range": 32, "autosummarize": "on"}


def upgrade() -> None:
    for name, (table, column) in BY_PAGES.items():
        online.drop_index(name)
        online.create_index(name, table, [column], postgresql_using="brin", postgresql_with=RANGES)
