"""Shopify: `inventory_levels/set.json` of the Admin REST API (2025), one inventory item a call."""

from collections.abc import Sequence

from domain.errors import PushRefused
from domain.listing import Offer
from integrations.http import read_object
from integrations.platforms import PlatformHttp
from integrations.pushes.pushed import Pushed
from integrations.pushes.settings import PushSettings


class ShopifyPush:
    """`channel_sku` is the number of the inventory item."""

    at_once = 1

    def __init__(self, settings: PushSettings) -> None:
        headers = {"X-Shopify-Access-Token": settings.token.get_secret_value()}
        seconds = settings.timeout.total_seconds()
        self._http = PlatformHttp("shopify", str(settings.url), seconds, headers, refusal=PushRefused)
        self._location = int(settings.location)

    def push(self, offers: Sequence[Offer]) -> Pushed:
        [offer] = offers
        if not offer.channel_sku.isdigit():
            return Pushed(frozenset(), {offer.sku: "channel_sku is not the number of an inventory item"})
        level = {
            "location_id": self._location,
            "inventory_item_id": int(offer.channel_sku),
            "available": offer.quantity,
        }
        response = self._http.post_json("/inventory_levels/set.json", level, {})
        if response.status_code in (404, 422):
            return Pushed(frozenset(), {offer.sku: f"answered {response.status_code}: no such inventory item there"})
        told = (read_object(response.content) or {}).get("inventory_level")
        # An answer about something else says nothing of this.
        if response.status_code != 200 or not isinstance(told, dict) or not level.items() <= told.items():
            raise self._http.trouble(f"POST /inventory_levels/set.json: answered {response.status_code} without it")
        return Pushed(frozenset({offer.sku}))

    def close(self) -> None:
        self._http.close()
