"""The table of platforms: what Baton does with each in every matter. docs/channels.md is made from it.

Whether a direction is there is said by its registry of clients; a row that says otherwise fails in tests/channels.
"""

from collections.abc import Collection, Mapping

from integrations.abilities import douyin, jd, not_yet, shopify, taobao, wechat
from integrations.abilities.ability import Abilities, Matter
from integrations.pulls.registry import PULLERS
from integrations.pushes.registry import PUSHERS
from integrations.refunds.registry import REFUNDERS
from integrations.uploads.registry import UPLOADERS

TABLE: Mapping[str, Abilities] = {
    "shopify": shopify.ABILITIES,
    "taobao": taobao.ABILITIES,
    "jd": jd.ABILITIES,
    "douyin": douyin.ABILITIES,
    "wechat": wechat.ABILITIES,
    "woocommerce": not_yet.WOOCOMMERCE,
    "amazon": not_yet.AMAZON,
}
TITLES: Mapping[str, str] = {
    "shopify": "Shopify",
    "taobao": "Taobao and Tmall",
    "jd": "JD POP",
    "douyin": "Douyin shop",
    "wechat": "WeChat shop",
    "woocommerce": "WooCommerce",
    "amazon": "Amazon",
}
CLIENTS: Mapping[Matter, Collection[str]] = {
    Matter.PULL: PULLERS,
    Matter.RECONCILE: PULLERS,
    Matter.STOCK: PUSHERS,
    Matter.SHIPMENTS: UPLOADERS,
    Matter.REFUNDS: REFUNDERS,
}
"""The platforms that have a client, by the direction of the client."""
