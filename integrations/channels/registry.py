"""The translator for each kind of channel. To add one, write its file and add its line here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from integrations.channels import amazon, douyin, files, jd, plain, pos, shaping, shopify, taobao, wechat, woocommerce
from integrations.channels.proofs import Signature
from integrations.channels.reading import Payload
from integrations.channels.translated import Event, Shipped, Shop, Translated


class Translate(Protocol):
    def __call__(self, payload: Payload, shop: Shop = ...) -> Translated: ...


class UploadShipment(Protocol):
    def __call__(self, shipped: Shipped, shop: Shop = ...) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Translator:
    """What a channel's file offers; `None` if the channel has no such thing.

    `shop` has the defaults of an account, `split` splits a page of a list into orders, and an account whose gateway
    signs otherwise may replace `signature`. A platform that insists on an answer of its own gets `answer`.
    """

    shop: Shop
    translate: Translate
    events: Callable[[Mapping[str, str], Payload], tuple[Event, ...]] | None = None
    signature: Signature | None = None
    upload_shipment: UploadShipment | None = None
    split: Callable[[Any], list[Any]] = shaping.split
    answer: str = ""


TRANSLATORS: Mapping[str, Translator] = {
    "plain": Translator(plain.SHOP, plain.translate, plain.events, plain.SIGNATURE, plain.upload_shipment, plain.split),
    "shopify": Translator(
        shopify.SHOP, shopify.translate, shopify.events, shopify.SIGNATURE, shopify.upload_shipment, shopify.split
    ),
    "woocommerce": Translator(
        woocommerce.SHOP,
        woocommerce.translate,
        woocommerce.events,
        woocommerce.SIGNATURE,
        woocommerce.upload_shipment,
    ),
    "taobao": Translator(
        taobao.SHOP, taobao.translate, taobao.events, taobao.SIGNATURE, taobao.upload_shipment, taobao.split
    ),
    "jd": Translator(jd.SHOP, jd.translate, jd.events, jd.SIGNATURE, jd.upload_shipment),
    "douyin": Translator(
        douyin.SHOP,
        douyin.translate,
        douyin.events,
        douyin.SIGNATURE,
        douyin.upload_shipment,
        douyin.split,
        douyin.ANSWER,
    ),
    "wechat": Translator(
        wechat.SHOP,
        wechat.translate,
        wechat.events,
        wechat.SIGNATURE,
        wechat.upload_shipment,
        answer=wechat.ANSWER,
    ),
    "amazon": Translator(amazon.SHOP, amazon.translate, amazon.events, amazon.SIGNATURE, amazon.upload_shipment),
    "pos": Translator(pos.SHOP, pos.translate, pos.events, pos.SIGNATURE),
    "file": Translator(files.SHOP, files.translate, split=files.split),
}
