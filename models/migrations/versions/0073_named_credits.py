"""A store credit is found by its public id, and is never overdrawn"""

from models.migrations import online

revision = "0073"
down_revision = "0072"
branch_labels = None
depends_on = None


def upgrade() -> None:
    online.create_index("uq_store_credits_credit_id", "store_credits", ["credit_id"], unique=True)
    kinds, spent = "kind IN ('store_credit', 'gift_card')", "spent_minor BETWEEN 0 AND amount_minor"
    online.add_constraint("ck_store_credits_kind", "store_credits", f"CHECK ({kinds})")
    online.add_constraint("ck_store_credits_never_overdrawn", "store_credits", f"CHECK ({spent})")
