"""The share and quotas of a channel for a product, as staff set them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from domain.stock.views import Share
from models.goods import ChannelQuotaRow, ChannelShareRow
from models.stock import ProductRow
from record.stock.demand import bundles_now
from record.stock.mistakes import Mistake
from record.stock.touches import touch


@dataclass(frozen=True, slots=True)
class Quota:
    """At most `quantity` units from `valid_from` until before `valid_to`, or for good."""

    quantity: int
    valid_from: datetime
    valid_to: datetime | None = None


def set_share(session: Session, channel: str, sku: str, share: Share) -> None:
    """Set what the channel is shown of the product. Raises Mistake."""
    _check_product(session, sku)
    values = {"share_percent": share.percent, "reserve": share.reserve}
    row = insert(ChannelShareRow).values(channel=channel, sku=sku, **values)
    session.execute(row.on_conflict_do_update(index_elements=["channel", "sku"], set_=values))
    touch(session, sku)


def set_quotas(session: Session, channel: str, sku: str, quotas: Sequence[Quota]) -> None:
    """Replace the channel's quotas of the product. One with the same `valid_from` as before keeps its claims.

    Raises Mistake for a quantity below what is claimed already, and for a quota of a bundle.
    """
    _check_product(session, sku)
    if quotas and bundles_now(session, [sku]):
        raise Mistake("quotas", "a bundle has no stock of its own; limit its parts")
    mine = ChannelQuotaRow.channel == channel, ChannelQuotaRow.sku == sku
    rows = session.scalars(select(ChannelQuotaRow).where(*mine).order_by(ChannelQuotaRow.quota_id).with_for_update())
    known = {row.valid_from: row for row in rows}
    for index, quota in enumerate(quotas):
        if quota.valid_to is not None and quota.valid_to <= quota.valid_from:
            raise Mistake(f"quotas[{index}].valid_to", "it ends before it begins")
        if quota.valid_from in (earlier.valid_from for earlier in quotas[:index]):
            raise Mistake(f"quotas[{index}].valid_from", "another quota begins at this moment")
        row = known.pop(quota.valid_from, None) or ChannelQuotaRow(
            channel=channel, sku=sku, valid_from=quota.valid_from, claimed=0
        )
        if quota.quantity < row.claimed:
            raise Mistake(f"quotas[{index}].quantity", f"{row.claimed} units are claimed already")
        row.quantity, row.valid_to = quota.quantity, quota.valid_to
        session.add(row)
    for row in known.values():
        session.delete(row)
    session.flush()
    touch(session, sku)


def _check_product(session: Session, sku: str) -> None:
    if session.get(ProductRow, sku) is None:
        raise Mistake("sku", "there is no such product")
