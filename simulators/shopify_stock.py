"""Shopify's Admin REST API, the part for stock: one inventory item in each call."""

import asyncio
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.listings import Listings
from simulators.shopify import TOKEN


@dataclass(slots=True)
class ShopifyStock:
    listings: Listings

    def routes(self) -> list[Route]:
        path = "/admin/api/{version}/inventory_levels/set.json"
        return [Route(path, self._set, methods=["POST"]), *self.listings.controls("/stock")]

    async def _set(self, request: Request) -> Response:
        if request.headers.get("x-shopify-access-token") != TOKEN:
            return JSONResponse({"errors": "[API] Invalid API key or access token"}, 401)
        if trouble := self.listings.trouble():
            status, headers = trouble
            return JSONResponse({"errors": "not now"}, status, headers)
        level = await request.json()
        known = self.listings.take(str(level["inventory_item_id"]), level["available"])
        await asyncio.sleep(self.listings.late_seconds)
        return JSONResponse({"inventory_level": level}) if known else JSONResponse({"errors": "Not Found"}, 404)
