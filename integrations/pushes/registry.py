"""The push client for each platform. To add one, write its file and add it here."""

from collections.abc import Callable, Mapping

from integrations.pushes.douyin import DouyinPush
from integrations.pushes.jd import JdPush
from integrations.pushes.plain import PlainPush
from integrations.pushes.pusher import Pusher
from integrations.pushes.settings import PushSettings
from integrations.pushes.shopify import ShopifyPush
from integrations.pushes.wechat import WechatPush

PUSHERS: Mapping[str, Callable[[PushSettings], Pusher]] = {
    "shopify": ShopifyPush,
    "douyin": DouyinPush,
    "jd": JdPush,
    "wechat": WechatPush,
}


def connect_pusher(translator: str, settings: PushSettings) -> Pusher:
    """The platform's client, or the plain one if it has none of its own."""
    return PUSHERS.get(translator, PlainPush)(settings)
