"""JD POP: `jingdong.stock.write.updateSkuStock`, the whole number of one SKU in each call.

Source: open.jd.com, jingdong.stock.write.updateSkuStock; JD names jingdong.ware.stock.sku.set as what follows it.
"""

from collections.abc import Sequence

from domain.errors import PushRefused
from domain.stock.views import StockUpdate
from integrations.channels.reading import Unreadable
from integrations.jd import Jd, is_done
from integrations.pushes.pusher import PushResult
from integrations.pushes.settings import PushSettings

METHOD = "jingdong.stock.write.updateSkuStock"
ZONE = "Asia/Shanghai"


class JdPush:
    """Takes JD's SKU id as `channel_sku`; `push.location` is the store there, if the shop has several."""

    at_once = 1

    def __init__(self, settings: PushSettings) -> None:
        keys = settings.key, settings.secret.get_secret_value(), settings.token.get_secret_value()
        self._jd = Jd(str(settings.url), settings.timeout.total_seconds(), keys, ZONE, refusal=PushRefused)
        self._store = {"storeId": settings.location} if settings.location else {}

    def push(self, offers: Sequence[StockUpdate]) -> PushResult:
        [offer] = offers
        if not offer.channel_sku.isdigit():
            return PushResult(frozenset(), {offer.sku: "channel_sku is not the number of a SKU"})
        stock = {"skuId": offer.channel_sku, "stockNum": offer.quantity} | self._store
        answer, _ = self._jd.call(METHOD, "", stock)
        try:
            done = is_done(answer)
        except Unreadable:
            raise self._jd.trouble(METHOD) from None
        return PushResult(frozenset({offer.sku})) if done else PushResult(frozenset(), {offer.sku: "refused by JD"})

    def close(self) -> None:
        self._jd.close()
