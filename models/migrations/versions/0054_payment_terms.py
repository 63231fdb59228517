"""Orders know by whom their money is collected, and what their channel says that it has collected"""

import sqlalchemy as sa
from alembic import op

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("orders", sa.Column("payment_terms", sa.Text(), server_default="", nullable=False))
    op.add_column("orders", sa.Column("collected_minor", sa.BigInteger(), nullable=True))
