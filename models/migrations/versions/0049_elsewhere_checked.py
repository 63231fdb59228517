"""No line has more units fulfilled elsewhere than it still wants"""

from models.migrations import online

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None


def upgrade() -> None:
    online.add_constraint(
        "ck_order_lines_elsewhere_within_quantity",
        "order_lines",
        "CHECK (elsewhere BETWEEN 0 AND quantity - withdrawn)",
    )
