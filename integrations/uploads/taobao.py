"""Taobao and Tmall: `logistics.offline.send` or `online.send`, for a whole trade or some of its sub-orders.

A sub-order cannot be split: it is uploaded with the parcel that completes it. A refused upload may have succeeded in an
earlier call whose answer was lost, so the trade is checked before a person is called.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from domain.errors import UploadRefused
from domain.uploading import Parts
from integrations.channels import taobao
from integrations.channels.reading import Reader, Unreadable
from integrations.channels.translated import Shipped, ShippedLine, Shop
from integrations.taobao import Taobao
from integrations.uploads.settings import UploadSettings
from integrations.uploads.uploader import ParcelUpload

WHOLE = "taobao.trade.fullinfo.get"
CARRIERS: Mapping[str, str] = {
    "SF Express": "SF",
    "JD Logistics": "JD",
    "DHL Express": "DHL",
    "EMS": "EMS",
    "YTO Express": "YTO",
    "ZTO Express": "ZTO",
    "STO Express": "STO",
    "Yunda Express": "YUNDA",
}
"""Taobao's codes (`taobao.logistics.companies.get`); the account's `carriers` override them."""
CODE = re.compile(r"[A-Za-z0-9_.:-]{1,80}")


class TaobaoUpload:
    parts = Parts.LINES

    def __init__(self, settings: UploadSettings, shop: Shop) -> None:
        keys = settings.key, settings.secret.get_secret_value(), settings.token.get_secret_value()
        seconds = settings.timeout.total_seconds()
        self._taobao = Taobao(str(settings.url), seconds, keys, shop.zone, refusal=UploadRefused)
        self._shop = replace(shop, carriers={**CARRIERS, **shop.carriers})
        self._method = f"taobao.logistics.{settings.method}.send"

    def upload(self, parcel: ParcelUpload) -> None:
        if parcel.carrier not in self._shop.carriers:
            raise UploadRefused("unknown_carrier")
        lines = [] if parcel.whole else [ShippedLine(name, units) for name, units in parcel.lines]
        shipped = Shipped(parcel.channel_order_id, parcel.carrier, parcel.waybill, parcel.happened_at, lines)
        body = taobao.upload_shipment(shipped, self._shop)
        answer, _ = self._taobao.call(self._method, **{name: str(value) for name, value in body.items()})
        if not answer.has("error_response"):
            return
        if not self._already_uploaded(parcel):
            code = answer.object("error_response").text("sub_code")
            raise UploadRefused(code if CODE.fullmatch(code) else "refused")

    def close(self) -> None:
        self._taobao.close()

    def _already_uploaded(self, parcel: ParcelUpload) -> bool:
        """True if the parcel's sub-orders already have its waybill at Taobao."""
        answer, _ = self._taobao.call(WHOLE, fields="tid,orders", tid=parcel.channel_order_id)
        try:
            trade = answer.unwrap("trade_fullinfo_get_response", "trade")
            orders: list[Reader] = trade.object("orders").objects("order")
            waybills = {order.text("oid_str") or order.text("oid"): order.text("invoice_no") for order in orders}
        except Unreadable:
            raise self._taobao.trouble(WHOLE, answer) from None
        return all(waybills.get(name) == parcel.waybill for name, _ in parcel.lines)
