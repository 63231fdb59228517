"""Listings are written down, and woken where somebody does not want to wait."""

from sqlalchemy import text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from models.listing import ChannelListingRow, ChannelPushRow

L = ChannelListingRow

# Rows are locked in one order, as everywhere (record/stock/sweep.py).
WAKE = text("""
    UPDATE channel_listings AS listing SET retry_at = NULL, version = version + CAST(:everything AS int)
    FROM (SELECT channel, sku FROM channel_listings
          WHERE channel = :channel AND enabled AND (:everything OR version > acknowledged_version)
          ORDER BY channel, sku FOR NO KEY UPDATE) AS behind
    WHERE (listing.channel, listing.sku) = (behind.channel, behind.sku)
    RETURNING listing.sku
""")


def put_listing(session: Session, channel: str, sku: str, channel_sku: str, enabled: bool) -> ChannelListingRow:
    """Make the listing, or change the one that is there; either way the channel is behind with it.

    Raises IntegrityError where the channel has another SKU by this name.
    """
    told = {"channel_sku": channel_sku, "enabled": enabled}
    row = insert(L).values(channel=channel, sku=sku, **told)
    again = row.on_conflict_do_update(
        index_elements=["channel", "sku"], set_=told | {"version": L.version + 1, "retry_at": None}
    )
    return session.scalars(again.returning(L), execution_options={"populate_existing": True}).one()


def wake_listings(session: Session, channel: str, everything: bool) -> int:
    """Let a push begin at once with what is behind, or with `everything`; answers how many listings that is."""
    woken = session.execute(WAKE, {"channel": channel, "everything": everything}).all()
    session.execute(update(ChannelPushRow).where(ChannelPushRow.channel == channel).values(not_before=None))
    return len(woken)
