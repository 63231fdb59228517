"""The goods that a promise is asked for: whether the channel sells them, their parts, and what it may see of each."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ARRAY, Text, bindparam
from sqlalchemy.orm import Session

from domain.bundles import Parts
from domain.stock.views import Share
from models.prepared import prepared
from record.stock.buffers import IN_STORES

# What a promise holds is not claimed yet, and the order that takes it will claim it.
_GOODS = prepared("""
    SELECT EXISTS (SELECT FROM channel_accounts WHERE channel = :channel AND translator = :in_stores) AS in_store,
        goods.sku, goods.on_sale AND NOT goods.bundle_part_only
            AND (goods.channels IS NULL OR :channel = ANY(goods.channels)) AS sold,
        parts.part_sku, parts.quantity AS each,
        own.share_percent AS own_percent, own.reserve AS own_reserve, share.share_percent, share.reserve,
        (SELECT min(quota.quantity - quota.claimed) - coalesce((
                SELECT sum(claims.quantity) FROM promise_claims claims JOIN promises USING (promise_id)
                WHERE claims.sku = stocked.sku AND promises.channel = :channel), 0)
            FROM channel_quotas quota WHERE quota.channel = :channel AND quota.sku = stocked.sku
                AND quota.valid_from <= now() AND (quota.valid_to IS NULL OR quota.valid_to > now())
            HAVING count(*) > 0) AS quota
    FROM products goods
    LEFT JOIN product_parts parts ON parts.bundle_sku = goods.sku AND parts.valid_to IS NULL
    CROSS JOIN LATERAL (SELECT coalesce(parts.part_sku, goods.sku) AS sku) AS stocked
    LEFT JOIN channel_shares own ON own.channel = :channel AND own.sku = goods.sku
    LEFT JOIN channel_shares share ON share.channel = :channel AND share.sku = stocked.sku
    WHERE goods.sku = ANY(:skus) ORDER BY goods.sku, stocked.sku
""").bindparams(
    bindparam("channel", type_=Text), bindparam("in_stores", type_=Text), bindparam("skus", type_=ARRAY(Text))
)


@dataclass(slots=True)
class Goods:
    """`sold` are the SKUs that the channel sells, `bundles` those of them with parts, `stocked` what lies in stock.
    `shares` is by SKU, `quotas` what is left of the channel's by stocked SKU; without one there is none. `in_store`
    means that the channel sells in stores."""

    sold: set[str] = field(default_factory=set)
    bundles: dict[str, Parts] = field(default_factory=dict)
    stocked: set[str] = field(default_factory=set)
    shares: dict[str, Share] = field(default_factory=dict)
    quotas: dict[str, int] = field(default_factory=dict)
    in_store: bool = False

    def share(self, sku: str) -> Share:
        return self.shares.get(sku, Share())


def read_goods(session: Session, channel: str, skus: Collection[str]) -> Goods:
    """Return what is known of these SKUs; those that the channel does not sell are nowhere in it."""
    return _gathered(session.execute(_GOODS, {"channel": channel, "in_stores": IN_STORES, "skus": list(skus)}))


def _gathered(rows: Iterable[Any]) -> Goods:
    goods, parts = Goods(), dict[str, dict[str, int]]()
    for row in rows:
        if not row.sold:
            continue
        goods.in_store = row.in_store
        stocked = row.part_sku or row.sku
        goods.sold.add(row.sku)
        goods.stocked.add(stocked)
        if row.part_sku:
            parts.setdefault(row.sku, {})[row.part_sku] = row.each
        if row.own_percent is not None:
            goods.shares[row.sku] = Share(row.own_percent, row.own_reserve)
        if row.share_percent is not None:
            goods.shares[stocked] = Share(row.share_percent, row.reserve)
        if row.quota is not None:
            goods.quotas[stocked] = max(0, int(row.quota))
    goods.bundles.update(parts)
    return goods
