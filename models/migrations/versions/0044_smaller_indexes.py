"""Indexes of an order's rows hold the order alone, which PostgreSQL stores once however many rows there are"""

from models.migrations import online

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

OF_ORDER = {
    "ix_messages_of_order": ("messages", "order_id"),
    "ix_event_seals_order": ("event_seals", "order_id"),
    "ix_partner_events_about": ("partner_events", "subject"),
}
# The facts of an order are found by the unique index of their keys.
REPLACED = ("ix_messages_order", "uq_event_seals_order", "ix_partner_events_subject", "ix_order_events_order")


def upgrade() -> None:
    for name, (table, column) in OF_ORDER.items():
        online.create_index(name, table, [column])
    for name in REPLACED:
        online.drop_index(name)
