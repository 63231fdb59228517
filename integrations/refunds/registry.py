"""The refund client for each platform. To add one, write its file and add it here."""

from collections.abc import Callable, Mapping

from integrations.refunds.douyin import DouyinRefund
from integrations.refunds.jd import JdRefund
from integrations.refunds.plain import PlainRefund
from integrations.refunds.refunder import Refunder
from integrations.refunds.settings import RefundSettings
from integrations.refunds.shopify import ShopifyRefund
from integrations.refunds.wechat import WechatRefund

REFUNDERS: Mapping[str, Callable[[RefundSettings], Refunder]] = {
    "shopify": ShopifyRefund,
    "douyin": DouyinRefund,
    "jd": JdRefund,
    "wechat": WechatRefund,
}


def connect_refunder(translator: str, settings: RefundSettings) -> Refunder:
    """The platform's client, or the plain one if it has none of its own."""
    return REFUNDERS.get(translator, PlainRefund)(settings)
