"""Parcels in Baton's own format (docs/partners.md): one call for each parcel."""

from domain.errors import UploadRefused
from domain.uploading import Parts
from integrations.channels import plain
from integrations.channels.translated import Shipped, ShippedLine, Shop
from integrations.platforms import PlatformHttp, refusal_code
from integrations.uploads.settings import UploadSettings
from integrations.uploads.uploader import ParcelUpload

ALREADY_SHIPPED = "already_shipped"


class PlainUpload:
    parts = Parts.UNITS

    def __init__(self, settings: UploadSettings, shop: Shop) -> None:
        headers = {"Authorization": f"Bearer {settings.token.get_secret_value()}"}
        seconds = settings.timeout.total_seconds()
        self._http = PlatformHttp("channel", str(settings.url), seconds, headers, refusal=UploadRefused)
        self._shop = shop

    def upload(self, parcel: ParcelUpload) -> None:
        lines = [ShippedLine(name, units) for name, units in parcel.lines]
        shipped = Shipped(parcel.channel_order_id, parcel.carrier, parcel.waybill, parcel.happened_at, lines=lines)
        body = plain.upload_shipment(shipped, self._shop)
        response = self._http.post_json("/shipments", body, {"Idempotency-Key": parcel.key})
        if response.status_code in (200, 201):
            return
        code = refusal_code(response)
        if response.status_code not in (409, 422) or not code:
            raise self._http.trouble(f"POST /shipments: answered {response.status_code}")
        if code != ALREADY_SHIPPED:
            raise UploadRefused(code)

    def close(self) -> None:
        self._http.close()
