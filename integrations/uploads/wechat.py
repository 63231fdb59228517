"""WeChat shop: `channels/ec/order/delivery/send`, a parcel with its goods in each call.

A refused parcel may have been taken in an earlier call whose answer was lost, so the order is read before a person is
called. Source: developers.weixin.qq.com/doc/store/shop, order/delivery/send; the codes of carriers are from memory.
"""

from collections.abc import Mapping
from dataclasses import replace

from domain.errors import UploadRefused
from domain.uploading import Parts
from integrations.channels import wechat
from integrations.channels.reading import Reader, Unreadable
from integrations.channels.translated import Shipped, ShippedLine, Shop
from integrations.uploads.settings import UploadSettings
from integrations.uploads.uploader import ParcelUpload
from integrations.wechat import Wechat

SEND, WHOLE = "/channels/ec/order/delivery/send", "/channels/ec/order/get"
CARRIERS: Mapping[str, str] = {
    "SF Express": "SF",
    "JD Logistics": "JD",
    "EMS": "EMS",
    "YTO Express": "YTO",
    "ZTO Express": "ZTO",
    "STO Express": "STO",
    "Yunda Express": "YD",
}
"""WeChat's codes (`deliverycompanylist/get`); the account's `carriers` override them."""


class WechatUpload:
    parts = Parts.UNITS

    def __init__(self, settings: UploadSettings, shop: Shop) -> None:
        seconds = settings.timeout.total_seconds()
        self._wechat = Wechat(str(settings.url), seconds, settings.token.get_secret_value(), refusal=UploadRefused)
        self._shop = replace(shop, carriers={**CARRIERS, **shop.carriers})

    def upload(self, parcel: ParcelUpload) -> None:
        if parcel.carrier not in self._shop.carriers:
            raise UploadRefused("unknown_carrier")
        lines = [ShippedLine(name, units) for name, units in parcel.lines if name]
        shipped = Shipped(parcel.channel_order_id, parcel.carrier, parcel.waybill, parcel.happened_at, lines=lines)
        answer, _ = self._wechat.call(SEND, wechat.upload_shipment(shipped, self._shop))
        if (code := self._wechat.refusal_of(answer)) and not self._is_known(parcel):
            raise UploadRefused(code)
        if not answer.has("errcode"):
            raise self._wechat.trouble(SEND)

    def close(self) -> None:
        self._wechat.close()

    def _is_known(self, parcel: ParcelUpload) -> bool:
        answer, _ = self._wechat.call(WHOLE, {"order_id": parcel.channel_order_id})
        if self._wechat.refusal_of(answer):
            return False
        try:
            delivery: Reader = answer.object("order").object("order_detail").object("delivery_info")
            return any(one.text("waybill_id") == parcel.waybill for one in delivery.objects("delivery_product_info"))
        except Unreadable:
            raise self._wechat.trouble(WHOLE) from None
