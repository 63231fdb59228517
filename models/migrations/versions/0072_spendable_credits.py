"""Store credits have a balance that orders spend, and may be issued by staff"""

import sqlalchemy as sa
from alembic import op

revision = "0072"
down_revision = "0071"
branch_labels = None
depends_on = None

CREDIT_ID = "'cr_' || left(encode(sha256(upper(code)::bytea), 'hex'), 24)"
EMPTY = sa.text("''")


def upgrade() -> None:
    op.add_column("store_credits", sa.Column("kind", sa.Text(), server_default="store_credit", nullable=False))
    op.add_column("store_credits", sa.Column("issued_by", sa.Text(), server_default=EMPTY, nullable=False))
    op.add_column("store_credits", sa.Column("spent_minor", sa.BigInteger(), server_default="0", nullable=False))
    # Computed for every row, of which there are few: one for each return that was paid as credit.
    computed = sa.Column("credit_id", sa.Text(), sa.Computed(CREDIT_ID, persisted=True), nullable=False)
    op.add_column("store_credits", computed)
    op.alter_column("store_credits", "order_id", nullable=True)
    op.alter_column("store_credits", "return_id", nullable=True)
