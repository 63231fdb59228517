"""Shopify's Admin REST API, the part for money: an order's transactions, and refunds out of them."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.endpoints import Body
from simulators.platform_state import PlatformState
from simulators.shopify import answer, refused_call

OFFSET = 2_000_000_000_000
"""Difference between the ids of an order and the transaction that paid it."""


@dataclass(slots=True)
class ShopifyRefunds:
    """An order's price was paid by one transaction. Each refund shows in the order, which changes with it."""

    state: PlatformState
    refunds: dict[str, list[Body]] = field(default_factory=dict)
    """By order id."""

    def routes(self) -> list[Route]:
        order = "/admin/api/{version}/orders/{id}"
        return [
            Route(f"{order}/transactions.json", self._transactions),
            Route(f"{order}/refunds.json", self._list),
            Route(f"{order}/refunds.json", self._create, methods=["POST"]),
        ]

    async def _transactions(self, request: Request) -> Response:
        order = self.state.orders.get(request.path_params["id"])
        if refused := self._refused(request, order):
            return refused
        return JSONResponse({"transactions": self._of(order or {})})

    async def _list(self, request: Request) -> Response:
        order = self.state.orders.get(request.path_params["id"])
        if refused := self._refused(request, order):
            return refused
        return JSONResponse({"refunds": self.refunds.get(str((order or {})["id"]), [])})

    async def _create(self, request: Request) -> Response:
        order = self.state.orders.get(request.path_params["id"]) or {}
        if refused := self._refused(request, order):
            return refused
        asked = (await request.json())["refund"]
        amount = sum(Decimal(one["amount"]) for one in asked["transactions"])
        name, paid = str(order["id"]), self._of(order)[0]
        back = sum(Decimal(one["amount"]) for one in self._of(order)[1:])
        if (
            any(one["parent_id"] != paid["id"] for one in asked["transactions"])
            or amount > Decimal(paid["amount"]) - back
        ):
            return JSONResponse({"errors": {"base": ["The refund is more than was paid."]}}, 422)
        mine = self.refunds.setdefault(name, [])
        number = order["id"] + OFFSET + 1 + len(mine)
        refund = {"id": number, "order_id": order["id"], "note": asked["note"], "refund_line_items": []}
        refund["transactions"] = [one | {"id": number, "status": "success"} for one in asked["transactions"]]
        mine.append(refund)
        whole = back + amount == Decimal(paid["amount"])
        now = self.state.now()
        shown: dict[str, Any] = {"refunds": mine, "financial_status": "refunded" if whole else "partially_refunded"}
        self.state.put(name, order | shown | {"updated_at": now.isoformat()}, now)
        if self.state.loses_answer():
            return JSONResponse({"errors": "Gateway Timeout"}, 504)
        return JSONResponse({"refund": refund}, 201)

    def _of(self, order: Body) -> list[Body]:
        """The transaction that paid the order, and those of its refunds."""
        paid = {"id": order["id"] + OFFSET, "kind": "sale", "status": "success", "gateway": "shopify_payments"}
        back = [one for refund in self.refunds.get(str(order["id"]), []) for one in refund["transactions"]]
        return [paid | {"amount": order.get("total_price", "0")}, *back]

    def _refused(self, request: Request, order: Body | None) -> Response | None:
        refused = refused_call(self.state, request, "refunds")
        return refused or (None if order else answer(self.state, {"errors": "Not Found"}, 404))
