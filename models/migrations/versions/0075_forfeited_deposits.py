"""A deposit may be forfeited: a movement of money of its own kind"""

from models.migrations import online

revision = "0075"
down_revision = "0074"
branch_labels = None
depends_on = None

KINDS = "'authorized', 'captured', 'refunded', 'voided', 'failed', 'moved', 'credited', 'forfeited'"


def upgrade() -> None:
    online.add_constraint("ck_money_movements_kind_known", "money_movements", f"CHECK (kind IN ({KINDS}))")
