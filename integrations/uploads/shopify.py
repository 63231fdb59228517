"""Shopify: fulfillments of the Admin REST API (2025), made from Shopify's fulfillment orders.

Shopify has no idempotency key, so the fulfillments with this waybill are read first: after a lost answer nothing is
uploaded twice.
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
from integrations.uploads.uploader import ParcelUpload

OPEN_STATUSES = ("open", "in_progress", "scheduled")


class ShopifyUpload:
    parts = Parts.UNITS

    def __init__(self, settings: UploadSettings, shop: Shop) -> None:
        headers = {"X-Shopify-Access-Token": settings.token.get_secret_value()}
        seconds = settings.timeout.total_seconds()
        self._http = PlatformHttp("shopify", str(settings.url), seconds, headers, refusal=UploadRefused)
        self._shop = shop

    def upload(self, parcel: ParcelUpload) -> None:
        try:
            remaining_lines = self._remaining_lines(parcel)
        except Unreadable:
            raise self._http.trouble("an order: answered in another shape") from None
        for fulfillment_order, lines in remaining_lines:
            shipped = Shipped(fulfillment_order, parcel.carrier, parcel.waybill, parcel.happened_at, lines)
            self._create(shopify.upload_shipment(shipped, self._shop))

    def close(self) -> None:
        self._http.close()

    def _remaining_lines(self, parcel: ParcelUpload) -> list[tuple[str, list[ShippedLine]]]:
        wanted = Counter(dict(parcel.lines)) - self._already_uploaded(parcel)
        return self._fulfillable_lines(parcel.channel_order_id, wanted) if wanted else []

    def _already_uploaded(self, parcel: ParcelUpload) -> Counter[str]:
        """Units by line that were already uploaded with this waybill."""
        known = Counter[str]()
        for one in self._list(parcel.channel_order_id, "fulfillments"):
            if one.text("tracking_number") == parcel.waybill and one.text("status") != "cancelled":
                known.update({line.text("id"): line.whole("quantity") for line in one.objects("line_items")})
        return known

    def _fulfillable_lines(self, order_id: str, wanted: Counter[str]) -> list[tuple[str, list[ShippedLine]]]:
        """Distribute the wanted units over the lines of Shopify's open fulfillment orders. Raises UploadRefused when
        they do not suffice."""
        found, remaining = [], Counter(wanted)
        for one in self._list(order_id, "fulfillment_orders"):
            lines = []
            for line in one.objects("line_items") if one.text("status") in OPEN_STATUSES else []:
                name = line.text("line_item_id")
                units = min(remaining[name], line.whole("fulfillable_quantity"))
                if units > 0:
                    lines.append(ShippedLine(line.text("id"), units))
                    remaining[name] -= units
            if lines:
                found.append((one.text("id"), lines))
        if +remaining:
            raise UploadRefused("not_fulfillable")
        return found

    def _list(self, order_id: str, what: str) -> list[Reader]:
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
            raise UploadRefused(_refusal_code(response))
        if response.status_code != 201:
            raise self._http.trouble(f"POST /fulfillments.json: answered {response.status_code}")


def _refusal_code(response: httpx2.Response) -> str:
    """A refusal code for Shopify's free text."""
    try:
        text = json.dumps(json.loads(response.content)["errors"])
    except (ValueError, TypeError, KeyError):
        text = ""
    return "not_paid" if "paid" in text else "unprocessable"
