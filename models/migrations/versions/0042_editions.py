"""An order is marked with the edition of its workflow, and a fulfillment order counts the reports applied to it"""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("orders", sa.Column("edition", sa.SmallInteger(), server_default="0", nullable=False))
    op.alter_column("orders", "edition", server_default="2")
    # Those that wait for their workflow begin with the new edition.
    op.execute("UPDATE orders SET edition = 2 WHERE workflow_started_at IS NULL")
    op.add_column("fulfillment_orders", sa.Column("reports", sa.Integer(), server_default="0", nullable=False))
