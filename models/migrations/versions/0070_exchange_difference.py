"""An exchange names the price of what it sends; the difference is paid back, charged or given"""

import sqlalchemy as sa
from alembic import op

revision = "0070"
down_revision = "0069"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("returns", sa.Column("out_minor", sa.BigInteger(), nullable=True))
    op.add_column("returns", sa.Column("given_minor", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("return_lines", sa.Column("replacement_price_minor", sa.BigInteger(), nullable=True))
