"""Shopify: fulfillments of the Admin REST API (2025), out of the fulfillment orders that it has made of the order.

It knows no idempotency key, so what it knows under this waybill is asked first: after an answer that was lost nothing
is told twice.
"""

import json
from collections import Counter
from typing import Any

import httpx2

from domain.errors import UploadRefused
from domain.uploading import Parts
from integrations.channels import shopify
from integrations.channels.reading import Reader, Unreadable, open_object
from integrations.channels.translated import Shipped, ShippedLine, Shop
from integrations.http import segment
from integrations.platforms import PlatformHttp
from integrations.uploads.settings import UploadSettings
from integrations.uploads.uploaded import Sending

OPEN = ("open", "in_progress", "scheduled")


class ShopifyUpload:
    parts = Parts.UNITS

    def __init__(self, settings: UploadSettings, shop: Shop) -> None:
        headers = {"X-Shopify-Access-Token": settings.token.get_secret_value()}
        seconds = settings.timeout.total_seconds()
        self._http = PlatformHttp("shopify", str(settings.url), seconds, headers, refusal=UploadRefused)
        self._shop = shop

    def upload(self, sending: Sending) -> None:
        try:
            open_now = self._still_open(sending)
        except Unreadable:
            raise self._http.trouble("an order: answered in another shape") from None
        for fulfillment_order, lines in open_now:
            shipped = Shipped(fulfillment_order, sending.carrier, sending.waybill, sending.happened_at, lines)
            self._create(shopify.upload_shipment(shipped, self._shop))

    def close(self) -> None:
        self._http.close()

    def _still_open(self, sending: Sending) -> list[tuple[str, list[ShippedLine]]]:
        wanted = Counter(dict(sending.lines)) - self._known(sending)
        return self._open(sending.channel_order_id, wanted) if wanted else []

    def _known(self, sending: Sending) -> Counter[str]:
        """Units by line that were told with this waybill before."""
        known = Counter[str]()
        for one in self._listed(sending.channel_order_id, "fulfillments"):
            if one.text("tracking_number") == sending.waybill and one.text("status") != "cancelled":
                known.update({line.text("id"): line.whole("quantity") for line in one.objects("line_items")})
        return known

    def _open(self, order_id: str, wanted: Counter[str]) -> list[tuple[str, list[ShippedLine]]]:
        """The lines of its fulfillment orders that stand for these units, by fulfillment order."""
        found, left = [], Counter(wanted)
        for one in self._listed(order_id, "fulfillment_orders"):
            lines = []
            for line in one.objects("line_items") if one.text("status") in OPEN else []:
                name = line.text("line_item_id")
                units = min(left[name], line.whole("fulfillable_quantity"))
                if units > 0:
                    lines.append(ShippedLine(line.text("id"), units))
                    left[name] -= units
            if lines:
                found.append((one.text("id"), lines))
        if +left:
            raise UploadRefused("not_fulfillable")
        return found

    def _listed(self, order_id: str, what: str) -> list[Reader]:
        path = f"/orders/{segment(order_id)}/{what}.json"
        response = self._http.get(path, {})
        if response.status_code == 404:
            raise UploadRefused("no_such_order")
        if response.status_code != 200:
            raise self._http.trouble(f"GET {what}: answered {response.status_code}")
        return open_object(response.content).objects(what)

    def _create(self, body: dict[str, Any]) -> None:
        response = self._http.post_json("/fulfillments.json", body, {})
        if response.status_code == 422:
            raise UploadRefused(_code(response))
        if response.status_code != 201:
            raise self._http.trouble(f"POST /fulfillments.json: answered {response.status_code}")


def _code(response: httpx2.Response) -> str:
    """A name for what Shopify refuses in words of its own."""
    try:
        said = json.dumps(json.loads(response.content)["errors"])
    except (ValueError, TypeError, KeyError):
        said = ""
    return "not_paid" if "paid" in said else "unprocessable"
