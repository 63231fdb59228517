"""Orders keep keyed hashes of the receiver's phone and e-mail; a sweep fills those of older orders"""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("orders", sa.Column("phone_hash", sa.BigInteger(), nullable=True))
    op.add_column("orders", sa.Column("email_hash", sa.BigInteger(), nullable=True))
    op.create_table(
        "hashed_contacts",
        sa.Column("key_digest", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("last_order_id", sa.Text(), server_default="", nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("key_digest", name=op.f("pk_hashed_contacts")),
    )
