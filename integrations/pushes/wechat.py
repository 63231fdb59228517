"""WeChat shop: `channels/ec/product/stock/update` sets the number of one SKU in each call.

Source: developers.weixin.qq.com/doc/store/shop, product/stock/update (diff_type 3 sets; adding and taking are advised
where several write, and here only Baton does).
"""

import re
from collections.abc import Sequence

from domain.errors import PushRefused
from domain.stock.views import StockUpdate
from integrations.pushes.pusher import PushResult
from integrations.pushes.settings import PushSettings
from integrations.wechat import Wechat

PATH, SET = "/channels/ec/product/stock/update", 3
NAME = re.compile(r"([0-9]{1,20}):([0-9]{1,20})")


class WechatPush:
    """Takes `product_id:sku_id` as `channel_sku`."""

    at_once = 1

    def __init__(self, settings: PushSettings) -> None:
        seconds = settings.timeout.total_seconds()
        self._wechat = Wechat(str(settings.url), seconds, settings.token.get_secret_value(), refusal=PushRefused)

    def push(self, offers: Sequence[StockUpdate]) -> PushResult:
        [offer] = offers
        if (named := NAME.fullmatch(offer.channel_sku)) is None:
            return PushResult(frozenset(), {offer.sku: "channel_sku is not product_id:sku_id"})
        stock = {"product_id": named[1], "sku_id": named[2], "diff_type": SET, "num": offer.quantity}
        answer, _ = self._wechat.call(PATH, stock)
        if code := self._wechat.refusal_of(answer):
            return PushResult(frozenset(), {offer.sku: code})
        if not answer.has("errcode"):
            raise self._wechat.trouble(PATH)
        return PushResult(frozenset({offer.sku}))

    def close(self) -> None:
        self._wechat.close()
