"""A channel's share and reserve stand in one place: what staff set of a product there, not the listing"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        INSERT INTO channel_shares (channel, sku, share_percent, reserve)
        SELECT channel, sku, share, reserve FROM channel_listings WHERE share <> 100 OR reserve <> 0
        ON CONFLICT DO NOTHING
    """)
    op.drop_column("channel_listings", "share")
    op.drop_column("channel_listings", "reserve")
