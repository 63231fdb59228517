"""The upload client for each platform. To add one, write its file and add it here."""

from collections.abc import Callable, Mapping

from integrations.channels.translated import Shop
from integrations.uploads.douyin import DouyinUpload
from integrations.uploads.jd import JdUpload
from integrations.uploads.plain import PlainUpload
from integrations.uploads.settings import UploadSettings
from integrations.uploads.shopify import ShopifyUpload
from integrations.uploads.taobao import TaobaoUpload
from integrations.uploads.uploader import Uploader
from integrations.uploads.wechat import WechatUpload

UPLOADERS: Mapping[str, Callable[[UploadSettings, Shop], Uploader]] = {
    "shopify": ShopifyUpload,
    "taobao": TaobaoUpload,
    "douyin": DouyinUpload,
    "jd": JdUpload,
    "wechat": WechatUpload,
}


def connect_uploader(translator: str, settings: UploadSettings, shop: Shop) -> Uploader:
    """The platform's client, or the plain one if it has none of its own."""
    return UPLOADERS.get(translator, PlainUpload)(settings, shop)
