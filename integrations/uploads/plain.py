"""A channel that is told in Baton's own words (docs/partners.md): a parcel a call."""

from domain.errors import UploadRefused
from domain.uploading import Parts
from integrations.channels import plain
from integrations.channels.translated import Shipped, ShippedLine, Shop
from integrations.platforms import PlatformHttp, refusal_code
from integrations.uploads.settings import UploadSettings
from integrations.uploads.uploaded import Sending

ALREADY = "already_shipped"


class PlainUpload:
    parts = Parts.UNITS

    def __init__(self, settings: UploadSettings, shop: Shop) -> None:
        headers = {"Authorization": f"Bearer {settings.token.get_secret_value()}"}
        seconds = settings.timeout.total_seconds()
        self._http = PlatformHttp("channel", str(settings.url), seconds, headers, refusal=UploadRefused)
        self._shop = shop

    def upload(self, sending: Sending) -> None:
        lines = [ShippedLine(name, units) for name, units in sending.lines]
        shipped = Shipped(sending.channel_order_id, sending.carrier, sending.waybill, sending.happened_at, lines=lines)
        body = plain.upload_shipment(shipped, self._shop)
        response = self._http.post_json("/shipments", body, {"Idempotency-Key": sending.key})
        if response.status_code in (200, 201):
            return
        code = refusal_code(response)
        if response.status_code not in (409, 422) or not code:
            raise self._http.trouble(f"POST /shipments: answered {response.status_code}")
        if code != ALREADY:
            raise UploadRefused(code)

    def close(self) -> None:
        self._http.close()
