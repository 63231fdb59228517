"""The ERP: takes messages, slowly if the order names SLOW-ERP, and reports purchase orders and receipts."""

import asyncio
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulators import troubles
from simulators.endpoints import Body, Endpoints
from simulators.messages import Mailbox
from simulators.statements import Statements
from simulators.troubles import Trouble
from simulators.world import Subject, World

RECEIPT = {
    **dict.fromkeys(("receipt_id", "location_id"), str),
    "purchase_order_id?": str,
    "lines": [{"sku": str, "quantity": int, "damaged?": int}],
}
PURCHASE_ORDER = {
    **dict.fromkeys(("purchase_order_id", "location_id"), str),
    "revision": int,
    "lines": [{"sku": str, "quantity": int, "due_on": str}],
}
PURCHASE_CANCELED = {"purchase_order_id": str, "revision": int}
SLOW_SECONDS = 3.0


@dataclass(slots=True)
class Erp:
    world: World
    endpoints: Endpoints

    def routes(self) -> list[Route]:
        mailbox = Mailbox(self.endpoints)
        take = mailbox.take()

        async def take_slowly(request: Request) -> Response:
            answer = await take(request)
            # Search the raw bytes, since the fields of an order differ by milestone.
            if Trouble.SLOW_ERP.encode() in await request.body():
                await asyncio.sleep(SLOW_SECONDS)
            return answer

        receive = self.endpoints.control(RECEIPT, self._receive)
        order = self.endpoints.control(PURCHASE_ORDER, self._order)
        cancel = self.endpoints.control(PURCHASE_CANCELED, self._cancel)
        return [
            *mailbox.routes(take_slowly),
            *Statements(self.endpoints, {"messages": mailbox.statement}).routes(),
            Route("/receipts", receive, methods=["POST"]),
            Route("/purchase-orders", order, methods=["POST"]),
            Route("/purchase-orders/cancel", cancel, methods=["POST"]),
        ]

    def _receive(self, request: Request, body: Body) -> tuple[int, Body]:
        number = body["receipt_id"]
        subject = Subject(number, troubles.of_order(body))
        self.world.tell(subject, self.world.event(subject, "erp", number, "stock.received", _fields(body, RECEIPT)))
        return 202, {"receipt_id": number}

    def _order(self, request: Request, body: Body) -> tuple[int, Body]:
        what = "placed" if body["revision"] == 1 else "changed"
        return self._tell_of_purchase(body, what, _fields(body, PURCHASE_ORDER))

    def _cancel(self, request: Request, body: Body) -> tuple[int, Body]:
        return self._tell_of_purchase(body, "canceled", _fields(body, PURCHASE_CANCELED))

    def _tell_of_purchase(self, body: Body, what: str, data: Body) -> tuple[int, Body]:
        number, revision = body["purchase_order_id"], body["revision"]
        subject, kind = Subject(number, troubles.of_order(body)), f"purchase_order.{what}"
        self.world.tell(subject, self.world.event(subject, "erp", f"{number}:{revision}", kind, data))
        return 202, {"purchase_order_id": number, "revision": revision}


def _fields(body: Body, shape: Body) -> Body:
    """The fields of the shape that the body has."""
    return {name: body[name] for key in shape if (name := key.removesuffix("?")) in body}
