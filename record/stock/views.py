"""What is available: per location, in the network, and as shown to a channel."""

from collections.abc import Iterable, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.bundles import whole
from domain.stock.views import SELLABLE, Share, channel_view
from models.goods import ChannelShareRow
from models.stock import LocationRow, ProductRow, StockRow
from record.stock.buffers import KEPT_BACK, channels_of_stores
from record.stock.demand import bundles_now
from record.stock.quotas import quota_left

EVERYTHING = Share()


def available_at(session: Session, skus: Iterable[str]) -> dict[str, dict[str, int]]:
    """Return units that may be promised, by SKU and location that sells. A bundle counts where all its parts are."""
    wanted = list(skus)
    bundles = bundles_now(session, wanted)
    units = _units_at(session, {*wanted, *(part for parts in bundles.values() for part in parts)})
    for sku, parts in bundles.items():
        places = {place for part in parts for place in units.get(part, {})}
        units[sku] = {
            place: whole(parts, {part: units.get(part, {}).get(place, 0) for part in parts}) for place in places
        }
    return {sku: units.get(sku, {}) for sku in wanted}


def available_in_network(session: Session, skus: Iterable[str], with_buffers: bool = False) -> dict[str, int]:
    """Return units that may be promised, by SKU. The parts of a bundle may come from several locations.

    `with_buffers` is for what is sold in stores.
    """
    wanted = list(skus)
    bundles = bundles_now(session, wanted)
    units = _units(session, {*wanted, *(part for parts in bundles.values() for part in parts)}, with_buffers)
    return {sku: whole(bundles[sku], units) if sku in bundles else units.get(sku, 0) for sku in wanted}


def available_to_channel(session: Session, channel: str, skus: Iterable[str]) -> dict[str, int]:
    """Return units that the channel is shown, by SKU: its share, less its reserve, within its quota.

    A bundle counts as often as the channel's view of its parts makes it whole, then by the bundle's own share.
    """
    wanted = list(skus)
    bundles = bundles_now(session, wanted)
    stocked = {*wanted, *(part for parts in bundles.values() for part in parts)}
    in_store = channel in channels_of_stores(session)
    shares, quotas = _shares(session, channel, stocked), quota_left(session, channel, stocked)
    seen = {
        sku: channel_view(units, shares.get(sku, EVERYTHING), quotas.get(sku))
        for sku, units in _units(session, stocked, in_store).items()
    }
    return {
        sku: channel_view(whole(bundles[sku], seen), shares.get(sku, EVERYTHING))
        if sku in bundles
        else seen.get(sku, 0)
        for sku in wanted
    }


def _units(session: Session, skus: Iterable[str], with_buffers: bool) -> dict[str, int]:
    return {sku: sum(places.values()) for sku, places in _units_at(session, skus, with_buffers).items()}


def _units_at(session: Session, skus: Iterable[str], with_buffers: bool = False) -> dict[str, dict[str, int]]:
    units = (StockRow.available if with_buffers else StockRow.available - KEPT_BACK).label("units")
    rows = select(StockRow.sku, StockRow.location_id, units).join(LocationRow).join(ProductRow)
    found: dict[str, dict[str, int]] = {}
    for row in session.execute(rows.where(StockRow.sku.in_(list(skus)), LocationRow.kind.in_(SELLABLE))):
        found.setdefault(row.sku, {})[row.location_id] = row.units
    return found


def _shares(session: Session, channel: str, skus: Iterable[str]) -> Mapping[str, Share]:
    mine = ChannelShareRow.channel == channel, ChannelShareRow.sku.in_(list(skus))
    return {
        row.sku: Share(row.share_percent, row.reserve) for row in session.scalars(select(ChannelShareRow).where(*mine))
    }
