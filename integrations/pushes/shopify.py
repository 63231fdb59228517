"""Shopify: `inventory_levels/set.json` of the Admin REST API (2025), one call for each inventory item."""

from collections.abc import Sequence

from domain.errors import PushRefused
from domain.stock.views import StockUpdate
from integrations.http import read_object
from integrations.platforms import PlatformHttp
from integrations.pushes.pusher import PushResult
from integrations.pushes.settings import PushSettings


class ShopifyPush:
    """Takes the inventory item id as `channel_sku`."""

    at_once = 1

    def __init__(self, settings: PushSettings) -> None:
        headers = {"X-Shopify-Access-Token": settings.token.get_secret_value()}
        seconds = settings.timeout.total_seconds()
        self._http = PlatformHttp("shopify", str(settings.url), seconds, headers, refusal=PushRefused)
        self._location = int(settings.location)

    def push(self, offers: Sequence[StockUpdate]) -> PushResult:
        [offer] = offers
        if not offer.channel_sku.isdigit():
            return PushResult(frozenset(), {offer.sku: "channel_sku is not the number of an inventory item"})
        level = {
            "location_id": self._location,
            "inventory_item_id": int(offer.channel_sku),
            "available": offer.quantity,
        }
        response = self._http.post_json("/inventory_levels/set.json", level, {})
        if response.status_code in (404, 422):
            return PushResult(
                frozenset(), {offer.sku: f"answered {response.status_code}: no such inventory item there"}
            )
        answered = (read_object(response.content) or {}).get("inventory_level")
        # An answer about another item or quantity does not acknowledge this one.
        if response.status_code != 200 or not isinstance(answered, dict) or not level.items() <= answered.items():
            raise self._http.trouble(f"POST /inventory_levels/set.json: answered {response.status_code} without it")
        return PushResult(frozenset({offer.sku}))

    def close(self) -> None:
        self._http.close()
