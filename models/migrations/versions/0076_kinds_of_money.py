"""Movements of money have one list of kinds, the new one"""

from alembic import op

revision = "0076"
down_revision = "0075"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_constraint(op.f("ck_money_movements_kind"), "money_movements")
