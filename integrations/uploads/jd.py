"""JD POP: `jingdong.pop.order.shipment` sends a whole order, with the waybill of the parcel that completes it.

A refused upload may have succeeded in an earlier call whose answer was lost, so the order is read before a person is
called. Source: open.jd.com, jingdong.pop.order.shipment; the numbers of carriers are those that sellers see.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from domain.errors import UploadRefused
from domain.uploading import Parts
from integrations.channels import jd
from integrations.channels.reading import Unreadable
from integrations.channels.translated import Shipped, Shop
from integrations.jd import Jd, is_done
from integrations.uploads.settings import UploadSettings
from integrations.uploads.uploader import ParcelUpload

SEND, SENT = "jingdong.pop.order.shipment", "sopjosshipment_result"
WHOLE, DETAIL = "jingdong.pop.order.get", "orderDetailInfo"
CARRIERS: Mapping[str, str] = {
    "SF Express": "467",
    "JD Logistics": "2087",
    "EMS": "465",
    "YTO Express": "463",
    "ZTO Express": "1499",
    "STO Express": "470",
    "Yunda Express": "1327",
}
"""JD's numbers of carriers; the account's `carriers` override them."""
CODE = re.compile(r"[A-Za-z0-9_.:-]{1,80}")


class JdUpload:
    parts = Parts.ORDER

    def __init__(self, settings: UploadSettings, shop: Shop) -> None:
        keys = settings.key, settings.secret.get_secret_value(), settings.token.get_secret_value()
        seconds = settings.timeout.total_seconds()
        self._jd = Jd(str(settings.url), seconds, keys, shop.zone, refusal=UploadRefused)
        self._shop = replace(shop, carriers={**CARRIERS, **shop.carriers})

    def upload(self, parcel: ParcelUpload) -> None:
        if parcel.carrier not in self._shop.carriers:
            raise UploadRefused("unknown_carrier")
        shipped = Shipped(parcel.channel_order_id, parcel.carrier, parcel.waybill, parcel.happened_at)
        result, _ = self._jd.call(SEND, SENT, jd.upload_shipment(shipped, self._shop))
        try:
            if is_done(result) or self._is_known(parcel):
                return
            code = result.text("errorCode") or result.text("numberCode")
        except Unreadable:
            raise self._jd.trouble(SEND) from None
        raise UploadRefused(code if CODE.fullmatch(code) else "refused")

    def close(self) -> None:
        self._jd.close()

    def _is_known(self, parcel: ParcelUpload) -> bool:
        asked = {"order_id": parcel.channel_order_id, "optional_fields": "orderId,waybill"}
        detail, _ = self._jd.call(WHOLE, DETAIL, asked)
        return parcel.waybill in re.split("[|,]", detail.object("orderInfo").text("waybill", 10_000, cut=True))
