"""The pull client for each platform. To add one, write its file and add it here and to REQUIRED_KEYS (settings.py)."""

from collections.abc import Callable, Mapping

from integrations.channels.translated import Shop
from integrations.pulls.douyin import DouyinPull
from integrations.pulls.jd import JdPull
from integrations.pulls.puller import Puller
from integrations.pulls.settings import PullSettings
from integrations.pulls.shopify import ShopifyPull
from integrations.pulls.taobao import TaobaoPull
from integrations.pulls.wechat import WechatPull

PULLERS: Mapping[str, Callable[[PullSettings, Shop], Puller]] = {
    "shopify": ShopifyPull,
    "taobao": TaobaoPull,
    "douyin": DouyinPull,
    "jd": JdPull,
    "wechat": WechatPull,
}
