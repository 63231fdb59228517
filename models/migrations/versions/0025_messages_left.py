"""A message that is not taken at once is left to the run of its recipient, and a person may let one go"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

LEFT = sa.text("left_at IS NOT NULL AND sent_at IS NULL AND parked_at IS NULL")


def upgrade() -> None:
    op.add_column("messages", sa.Column("left_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("messages", sa.Column("settled_by", sa.Text(), nullable=True))
    # What a person had sent again was told by such a run before.
    op.execute("UPDATE messages SET left_at = redelivered_at WHERE redelivered_at IS NOT NULL AND sent_at IS NULL")
    op.drop_index("ix_messages_again", "messages")
    op.create_index("ix_messages_left", "messages", ["recipient", "tries", "sequence"], postgresql_where=LEFT)
