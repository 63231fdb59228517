"""Douyin shop: `sku.syncStock`, the whole number of one SKU in each call.

Source: op.jinritemai.com, api-docs/14/85.
"""

import re
from collections.abc import Sequence

from domain.errors import PushRefused
from domain.stock.views import StockUpdate
from integrations.douyin import Douyin
from integrations.pushes.pusher import PushResult
from integrations.pushes.settings import PushSettings

METHOD = "sku.syncStock"
NAME = re.compile(r"([0-9]{1,20}):([0-9]{1,20})")


class DouyinPush:
    """Takes `product_id:sku_id` as `channel_sku`."""

    at_once = 1

    def __init__(self, settings: PushSettings) -> None:
        keys = settings.key, settings.secret.get_secret_value(), settings.token.get_secret_value()
        self._douyin = Douyin(str(settings.url), settings.timeout.total_seconds(), keys, refusal=PushRefused)

    def push(self, offers: Sequence[StockUpdate]) -> PushResult:
        [offer] = offers
        if (named := NAME.fullmatch(offer.channel_sku)) is None:
            return PushResult(frozenset(), {offer.sku: "channel_sku is not product_id:sku_id"})
        stock = {"product_id": named[1], "sku_id": named[2], "stock_num": offer.quantity, "incremental": False}
        answer, _ = self._douyin.call(METHOD, stock)
        if code := self._douyin.refusal_of(answer):
            return PushResult(frozenset(), {offer.sku: code})
        return PushResult(frozenset({offer.sku}))

    def close(self) -> None:
        self._douyin.close()
