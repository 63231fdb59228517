"""The formats of settlement files. To add one, write its file and add it here."""

from collections.abc import Mapping

from integrations.settlements.alipay import ALIPAY
from integrations.settlements.amazon import AMAZON
from integrations.settlements.plain import PLAIN
from integrations.settlements.reading import Format
from integrations.settlements.shopify import SHOPIFY
from integrations.settlements.wechat import WECHAT

FORMATS: Mapping[str, Format] = {form.name: form for form in (PLAIN, ALIPAY, WECHAT, AMAZON, SHOPIFY)}
