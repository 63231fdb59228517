"""Orders count the changes of what they say, and know which version the audit judged"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("orders", sa.Column("version", sa.Integer(), server_default="0", nullable=False))
    op.add_column("orders", sa.Column("judged_version", sa.Integer(), nullable=True))
