"""The dialects by platform."""

from collections.abc import Mapping

from tests.channels.dialects.dialect import Dialect
from tests.channels.dialects.douyin import DOUYIN
from tests.channels.dialects.jd import JD
from tests.channels.dialects.shopify import SHOPIFY
from tests.channels.dialects.taobao import TAOBAO
from tests.channels.dialects.wechat import WECHAT

DIALECTS: Mapping[str, Dialect] = {
    "shopify": SHOPIFY,
    "taobao": TAOBAO,
    "douyin": DOUYIN,
    "jd": JD,
    "wechat": WECHAT,
}
