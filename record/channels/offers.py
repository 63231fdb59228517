"""Stock updates for a channel, read when they are pushed, so that no more is offered than is available."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from domain.stock.views import StockUpdate
from models.listing import ChannelListingRow
from record.stock.views import available_to_channel

L = ChannelListingRow

# A later push may have been acknowledged meanwhile: the higher version stands. The same lock order as in
# record/stock/sweep.py.
ACKNOWLEDGE = text("""
    UPDATE channel_listings AS listing SET acknowledged_version = told.version, acknowledged_quantity = told.quantity,
        acknowledged_at = now(), last_error = NULL, failed_since = NULL, retry_at = NULL
    FROM unnest(CAST(:skus AS text[]), CAST(:versions AS bigint[]), CAST(:quantities AS bigint[]))
        AS told(sku, version, quantity)
    JOIN (SELECT sku FROM channel_listings WHERE channel = :channel AND sku = ANY(:skus)
          ORDER BY channel, sku FOR NO KEY UPDATE) AS locked USING (sku)
    WHERE listing.channel = :channel AND listing.sku = told.sku AND listing.acknowledged_version < told.version
""")
HOLD = text("""
    SELECT FROM channel_listings WHERE channel = :channel AND sku = ANY(:skus) ORDER BY channel, sku FOR NO KEY UPDATE
""")
FAIL = text("""
    UPDATE channel_listings AS listing SET last_error = told.reason, failed_since = coalesce(failed_since, now()),
        retry_at = coalesce(:retry_at, retry_at)
    FROM unnest(CAST(:skus AS text[]), CAST(:reasons AS text[])) AS told(sku, reason)
    JOIN (SELECT sku FROM channel_listings WHERE channel = :channel AND sku = ANY(:skus)
          ORDER BY channel, sku FOR NO KEY UPDATE) AS locked USING (sku)
    WHERE listing.channel = :channel AND listing.sku = told.sku
""")


def offers_behind(session: Session, channel: str, at_once: int, now: datetime) -> list[StockUpdate]:
    """Return up to `at_once` updates of listings whose changes are not acknowledged; those that failed come last.

    Versions are read before the stock: a change after that has a later version, and is pushed again.
    """
    behind = (
        select(L.sku, L.channel_sku, L.version)
        .where(L.channel == channel, L.enabled, L.version > L.acknowledged_version)
        .where((L.retry_at <= now) | L.retry_at.is_(None))
        .order_by(L.failed_since.nulls_first(), L.sku)
        .limit(at_once)
    )
    rows = session.execute(behind).all()
    shown = available_to_channel(session, channel, [row.sku for row in rows])
    return [StockUpdate(row.sku, row.channel_sku, shown[row.sku], row.version) for row in rows]


def hold(session: Session, channel: str, skus: Sequence[str]) -> None:
    """Lock these listings before some are acknowledged and others fail."""
    session.execute(HOLD, {"channel": channel, "skus": list(skus)})


def acknowledge(session: Session, channel: str, offers: Sequence[StockUpdate]) -> None:
    """Mark these as acknowledged, each by the version that was read before it was pushed."""
    values = {
        "skus": [offer.sku for offer in offers],
        "versions": [offer.version for offer in offers],
        "quantities": [offer.quantity for offer in offers],
    }
    session.execute(ACKNOWLEDGE, values | {"channel": channel})


def fail(session: Session, channel: str, reasons: Mapping[str, str], retry_at: datetime | None = None) -> None:
    """Store why these failed; they stay behind and are not retried before `retry_at`."""
    values = {"skus": list(reasons), "reasons": list(reasons.values())}
    session.execute(FAIL, values | {"channel": channel, "retry_at": retry_at})
