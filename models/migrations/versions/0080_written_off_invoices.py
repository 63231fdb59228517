"""What an invoice still asks for may be written off, and be paid after all"""

from models.migrations import online

revision = "0080"
down_revision = "0079"
branch_labels = None
depends_on = None

KINDS = "'payment', 'credit', 'write_off', 'recovered'"


def upgrade() -> None:
    online.add_constraint("ck_invoice_entries_kind_known", "invoice_entries", f"CHECK (kind IN ({KINDS}))")
