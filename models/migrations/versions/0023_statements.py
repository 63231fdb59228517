"""Statements of partners: differences, what a comparison has seen, and finding what we did by its time"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

WHEN = sa.DateTime(timezone=True)
NOW = sa.text("now()")
IS_OPEN = sa.text("gone_at IS NULL")
KINDS = "'missing_there', 'unknown_here', 'amount_differs', 'status_differs', 'quantity_differs'"
# They grow with the rows, so that ranges of pages are enough to find a day.
BY_TIME = {
    "ix_messages_sent": ("messages", "sent_at"),
    "ix_money_movements_at": ("money_movements", "at"),
    "ix_shipments_booked": ("shipments", "booked_at"),
    "ix_fulfillment_orders_released": ("fulfillment_orders", "released_at"),
}


def upgrade() -> None:
    op.create_table(
        "partner_differences",
        sa.Column("difference_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("partner", "book", "kind", "subject")),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("ours", "theirs")),
        *(sa.Column(name, WHEN, server_default=NOW, nullable=False) for name in ("first_seen_at", "last_seen_at")),
        sa.Column("mends", sa.Integer(), server_default="0", nullable=False),
        sa.Column("mended_at", WHEN, nullable=True),
        sa.Column("gone_at", WHEN, nullable=True),
        sa.CheckConstraint(f"kind IN ({KINDS})", name=op.f("ck_partner_differences_kind")),
        sa.PrimaryKeyConstraint("difference_id", name=op.f("pk_partner_differences")),
    )
    one = ["partner", "book", "subject", "kind"]
    op.create_index("uq_partner_differences_open", "partner_differences", one, unique=True, postgresql_where=IS_OPEN)
    listed = ["difference_id"]
    op.create_index("ix_partner_differences_open", "partner_differences", listed, postgresql_where=IS_OPEN)
    op.create_table(
        "statement_entries",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("partner", "book", "subject")),
        sa.PrimaryKeyConstraint("partner", "book", "subject", name=op.f("pk_statement_entries")),
        prefixes=["UNLOGGED"],
    )
    for name, (table, column) in BY_TIME.items():
        op.create_index(name, table, [column], unique=False, postgresql_using="brin")
