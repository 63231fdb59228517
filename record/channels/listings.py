"""Write listings, and wake them so that a push starts at once."""

from sqlalchemy import text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from models.listing import ChannelListingRow, ChannelPushRow

L = ChannelListingRow

# The same lock order as in record/stock/sweep.py.
WAKE = text("""
    UPDATE channel_listings AS listing SET retry_at = NULL, version = version + CAST(:everything AS int)
    FROM (SELECT channel, sku FROM channel_listings
          WHERE channel = :channel AND enabled AND (:everything OR version > acknowledged_version)
          ORDER BY channel, sku FOR NO KEY UPDATE) AS behind
    WHERE (listing.channel, listing.sku) = (behind.channel, behind.sku)
    RETURNING listing.sku
""")


def put_listing(session: Session, channel: str, sku: str, channel_sku: str, enabled: bool) -> ChannelListingRow:
    """Add or change a listing; either way it is pushed next.

    Raises IntegrityError if the channel has another SKU by this name.
    """
    values = {"channel_sku": channel_sku, "enabled": enabled}
    row = insert(L).values(channel=channel, sku=sku, **values)
    again = row.on_conflict_do_update(
        index_elements=["channel", "sku"], set_=values | {"version": L.version + 1, "retry_at": None}
    )
    return session.scalars(again.returning(L), execution_options={"populate_existing": True}).one()


def wake_listings(session: Session, channel: str, everything: bool) -> int:
    """Have listings that are behind, or all with `everything`, pushed at once. Return how many those are."""
    woken = session.execute(WAKE, {"channel": channel, "everything": everything}).all()
    session.execute(update(ChannelPushRow).where(ChannelPushRow.channel == channel).values(not_before=None))
    return len(woken)
