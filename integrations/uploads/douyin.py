"""Douyin shop: `order.logisticsAdd` for a whole order, `order.logisticsAddMultiPack` for a parcel with some of it.

A refused parcel may have been taken in an earlier call whose answer was lost, so the order is read before a person is
called. Source: op.jinritemai.com, api-docs/16/562 (order.logisticsAddMultiPack: one `request_id` is taken once).
"""

from collections.abc import Mapping
from dataclasses import replace
from uuid import NAMESPACE_URL, uuid5

from domain.errors import UploadRefused
from domain.uploading import Parts
from integrations.channels import douyin
from integrations.channels.reading import Reader, Unreadable
from integrations.channels.translated import Shipped, ShippedLine, Shop
from integrations.douyin import Douyin
from integrations.uploads.settings import UploadSettings
from integrations.uploads.uploader import ParcelUpload

ALL, SOME, WHOLE = "order.logisticsAdd", "order.logisticsAddMultiPack", "order.orderDetail"
CARRIERS: Mapping[str, str] = {
    "SF Express": "shunfeng",
    "JD Logistics": "jd",
    "EMS": "ems",
    "YTO Express": "yuantong",
    "ZTO Express": "zhongtong",
    "STO Express": "shentong",
    "Yunda Express": "yunda",
}
"""Douyin's codes (`order.logisticsCompanyList`); the account's `carriers` override them."""


class DouyinUpload:
    parts = Parts.UNITS

    def __init__(self, settings: UploadSettings, shop: Shop) -> None:
        keys = settings.key, settings.secret.get_secret_value(), settings.token.get_secret_value()
        self._douyin = Douyin(str(settings.url), settings.timeout.total_seconds(), keys, refusal=UploadRefused)
        self._shop = replace(shop, carriers={**CARRIERS, **shop.carriers})

    def upload(self, parcel: ParcelUpload) -> None:
        if parcel.carrier not in self._shop.carriers:
            raise UploadRefused("unknown_carrier")
        lines = [] if parcel.whole else [ShippedLine(name, units) for name, units in parcel.lines]
        shipped = Shipped(parcel.channel_order_id, parcel.carrier, parcel.waybill, parcel.happened_at, lines=lines)
        body = douyin.upload_shipment(shipped, self._shop)
        method = SOME if lines else ALL
        if lines:
            body["request_id"] = str(uuid5(NAMESPACE_URL, parcel.key))
        answer, _ = self._douyin.call(method, body)
        if (code := self._douyin.refusal_of(answer)) and not self._is_known(parcel):
            raise UploadRefused(code)

    def close(self) -> None:
        self._douyin.close()

    def _is_known(self, parcel: ParcelUpload) -> bool:
        answer, _ = self._douyin.call(WHOLE, {"shop_order_id": parcel.channel_order_id})
        if self._douyin.refusal_of(answer):
            return False
        try:
            order: Reader = answer.unwrap("data", "shop_order_detail")
            return any(one.text("tracking_no") == parcel.waybill for one in order.objects("logistics_info"))
        except Unreadable:
            raise self._douyin.trouble(WHOLE) from None
