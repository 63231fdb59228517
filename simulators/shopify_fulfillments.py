"""Shopify's Admin REST API, the part for parcels: one fulfillment order for each order, and its fulfillments."""

from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.endpoints import Body
from simulators.platform_state import PlatformState
from simulators.shopify import answer, refused_call

PAID = ("paid", "partially_refunded", "partially_paid")
OFFSET = 1_000_000_000_000
"""Difference between the ids of an order and its fulfillment order, and of their lines."""


@dataclass(slots=True)
class ShopifyFulfillments:
    state: PlatformState
    received: list[Body] = field(default_factory=list)

    def routes(self) -> list[Route]:
        api = "/admin/api/{version}"
        return [
            Route(f"{api}/orders/{{id}}/fulfillment_orders.json", self._fulfillment_orders),
            Route(f"{api}/orders/{{id}}/fulfillments.json", self._fulfillments),
            Route(f"{api}/fulfillments.json", self._create, methods=["POST"]),
            Route("/shipments", self.state.endpoints.view(self._look), methods=["GET"]),
        ]

    async def _fulfillment_orders(self, request: Request) -> Response:
        order = self.state.orders.get(request.path_params["id"])
        if refused := self._refused(request, order):
            return refused
        return JSONResponse({"fulfillment_orders": [self._fulfillment_order(order or {})]})

    async def _fulfillments(self, request: Request) -> Response:
        order = self.state.orders.get(request.path_params["id"])
        if refused := self._refused(request, order):
            return refused
        return JSONResponse({"fulfillments": [one for one in self.received if one["order_id"] == (order or {})["id"]]})

    async def _create(self, request: Request) -> Response:
        fulfillment_request = (await request.json())["fulfillment"]
        [by_order] = fulfillment_request["line_items_by_fulfillment_order"]
        order = self.state.orders.get(str(by_order["fulfillment_order_id"] - OFFSET))
        if refused := self._refused(request, order):
            return refused
        whole = self._fulfillment_order(order or {})
        lines = by_order.get("fulfillment_order_line_items") or [
            {"id": line["id"], "quantity": line["fulfillable_quantity"]} for line in whole["line_items"]
        ]
        if (order or {}).get("financial_status") not in PAID:
            return JSONResponse({"errors": ["The order has not been paid."]}, 422)
        fulfillable = {line["id"]: line["fulfillable_quantity"] for line in whole["line_items"]}
        if any(not 0 < line["quantity"] <= fulfillable.get(line["id"], 0) for line in lines):
            return JSONResponse({"errors": ["Invalid fulfillment order line item quantity requested."]}, 422)
        fulfillment = self._fulfilled(order or {}, fulfillment_request["tracking_info"], lines)
        if self.state.loses_answer():
            return JSONResponse({"errors": "Gateway Timeout"}, 504)
        return JSONResponse({"fulfillment": fulfillment}, 201)

    def _fulfilled(self, order: Body, tracking: Body, lines: list[dict[str, int]]) -> Body:
        fulfillment: Body = {
            "id": len(self.received) + 1,
            "order_id": order["id"],
            "status": "success",
            "tracking_company": tracking["company"],
            "tracking_number": tracking["number"],
            "created_at": self.state.now().isoformat(),
            "line_items": [{"id": line["id"] - OFFSET, "quantity": line["quantity"]} for line in lines],
        }
        self.received.append(fulfillment)
        self._show_in_order(order)
        return fulfillment

    def _show_in_order(self, order: Body) -> None:
        """An order shows its fulfillments, whoever made them, and changes with each."""
        mine = [one for one in self.received if one["order_id"] == order["id"]]
        whole = self._fulfillment_order(order)["status"] == "closed"
        now = self.state.now()
        shown: Body = {"fulfillments": mine, "fulfillment_status": "fulfilled" if whole else "partial"}
        self.state.put(str(order["id"]), order | shown | {"updated_at": now.isoformat()}, now)

    def _fulfillment_order(self, order: Body) -> dict[str, Any]:
        lines = []
        for item in order["line_items"]:
            done = [line for one in self.received if one["order_id"] == order["id"] for line in one["line_items"]]
            remaining = item["quantity"] - sum(line["quantity"] for line in done if line["id"] == item["id"])
            quantities = {"quantity": item["quantity"], "fulfillable_quantity": remaining}
            lines.append({"id": item["id"] + OFFSET, "line_item_id": item["id"], **quantities})
        status = "open" if any(line["fulfillable_quantity"] for line in lines) else "closed"
        return {"id": order["id"] + OFFSET, "order_id": order["id"], "status": status, "line_items": lines}

    def _refused(self, request: Request, order: Body | None) -> Response | None:
        refused = refused_call(self.state, request, "shipments")
        return refused or (None if order else answer(self.state, {"errors": "Not Found"}, 404))

    def _look(self, request: Request, body: Body) -> tuple[int, Body]:
        return 200, {"shipments": self.received}
