"""Webhooks that were not looked at yet are found apart from those that wait for their cause"""

import sqlalchemy as sa

from models.migrations.online import create_index, drop_index

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    columns: list[str | sa.TextClause] = [sa.text("least(tries, 1)"), "relay_after", "sequence"]
    create_index("ix_partner_events_due", "partner_events", columns, postgresql_where=sa.text("relayed_at IS NULL"))
    drop_index("ix_partner_events_waiting")
