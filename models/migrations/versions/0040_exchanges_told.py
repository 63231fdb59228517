"""What is to be told of follow-up orders that were canceled before they had a workflow is left to the recipients' runs"""

from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

LEAVE = """
    UPDATE messages SET left_at = now()
    FROM orders WHERE orders.order_id = messages.order_id AND follow_up_of <> '' AND status = 'canceled'
        AND workflow_started_at IS NULL AND sent_at IS NULL AND parked_at IS NULL AND left_at IS NULL
"""


def upgrade() -> None:
    op.execute(LEAVE)
