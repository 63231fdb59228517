"""Taobao and Tmall: `logistics.offline.send` or `online.send`, a whole trade or some of its sub-orders a call.

A sub-order cannot be taken apart: it is told with the parcel that completes it. What is refused may have been told by a
call whose answer was lost, so the trade is looked at before a person is.
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
from integrations.uploads.uploaded import Sending

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
"""Taobao's codes (`taobao.logistics.companies.get`); the account's `carriers` come before them."""
CODE = re.compile(r"[A-Za-z0-9_.:-]{1,80}")


class TaobaoUpload:
    parts = Parts.LINES

    def __init__(self, settings: UploadSettings, shop: Shop) -> None:
        keys = settings.key, settings.secret.get_secret_value(), settings.token.get_secret_value()
        seconds = settings.timeout.total_seconds()
        self._taobao = Taobao(str(settings.url), seconds, keys, shop.zone, refusal=UploadRefused)
        self._shop = replace(shop, carriers={**CARRIERS, **shop.carriers})
        self._method = f"taobao.logistics.{settings.method}.send"

    def upload(self, sending: Sending) -> None:
        if sending.carrier not in self._shop.carriers:
            raise UploadRefused("unknown_carrier")
        lines = [] if sending.whole else [ShippedLine(name, units) for name, units in sending.lines]
        shipped = Shipped(sending.channel_order_id, sending.carrier, sending.waybill, sending.happened_at, lines)
        body = taobao.upload_shipment(shipped, self._shop)
        answer, _ = self._taobao.call(self._method, **{name: str(value) for name, value in body.items()})
        if not answer.has("error_response"):
            return
        if not self._known(sending):
            code = answer.object("error_response").text("sub_code")
            raise UploadRefused(code if CODE.fullmatch(code) else "refused")

    def close(self) -> None:
        self._taobao.close()

    def _known(self, sending: Sending) -> bool:
        """Whether the trade's sub-orders of this parcel carry its waybill already."""
        answer, _ = self._taobao.call(WHOLE, fields="tid,orders", tid=sending.channel_order_id)
        try:
            trade = answer.inside("trade_fullinfo_get_response", "trade")
            orders: list[Reader] = trade.object("orders").objects("order")
            names = {order.text("oid_str") or order.text("oid"): order.text("invoice_no") for order in orders}
        except Unreadable:
            raise self._taobao.trouble(WHOLE, answer) from None
        return all(names.get(name) == sending.waybill for name, _ in sending.lines)
