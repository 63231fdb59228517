"""Every message belongs to the run of its recipient: one index finds what is due, and none is kept for orders to send"""

import sqlalchemy as sa

from models.migrations import online

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

IS_WAITING = sa.text("sent_at IS NULL AND parked_at IS NULL")


def upgrade() -> None:
    columns = ["recipient", "tries", "sequence"]
    online.create_index("ix_messages_due", "messages", columns, postgresql_where=IS_WAITING)
    online.drop_index("ix_messages_left")
    online.drop_index("ix_messages_waiting")
