"""Entries of invoices have one list of kinds, the new one"""

from alembic import op

revision = "0081"
down_revision = "0080"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_constraint(op.f("ck_invoice_entries_kind"), "invoice_entries")
