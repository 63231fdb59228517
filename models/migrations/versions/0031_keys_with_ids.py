"""Keys have ids, an end and a last use; subscriptions belong to a key"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

# The newest key of that name and channel, if any is left in force.
OWNER = """
    UPDATE subscriptions SET key_id = owner.key_id
    FROM (
        SELECT DISTINCT ON (s.subscription_id) s.subscription_id, k.key_id
        FROM subscriptions s JOIN api_keys k ON k.name = s.created_by AND k.revoked_at IS NULL
             AND (k.channel IS NULL OR k.channel = s.channel)
        ORDER BY s.subscription_id, k.created_at DESC
    ) AS owner
    WHERE owner.subscription_id = subscriptions.subscription_id
"""
ORPHANS = """
    UPDATE subscriptions SET active = false, disabled_because = 'the key that made it was revoked'
    WHERE key_id IS NULL AND active
"""


def upgrade() -> None:
    op.add_column("api_keys", sa.Column("key_id", sa.Text(), nullable=True))
    op.execute("UPDATE api_keys SET key_id = 'key_' || upper(left(key_hash, 26))")
    op.alter_column("api_keys", "key_id", nullable=False)
    op.add_column("api_keys", sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("api_keys", sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("subscriptions", sa.Column("key_id", sa.Text(), nullable=True))
    op.execute(OWNER)
    op.execute(ORPHANS)
