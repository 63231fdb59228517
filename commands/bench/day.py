"""A day's work in short: orders are delivered, canceled and returned, and every list and report is read."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import httpx2

WITH_CURRENCY = ("amount_from", "amount_to", "sort")
"""Filters of a list of orders that need a currency."""
OF_PARTS = {"payment_status", "fulfillment_status", "carrier"} | {
    f"{what}_{side}" for what in ("shipped", "delivered") for side in ("after", "before")
}
"""Filters that by themselves look at 1,000 orders for a page, however many there are; a few orders are fewer. So they
are asked of one customer."""
NOT_READ = {"/events/stream", "/metrics"}
TIMEOUT_SECONDS = 60
Say = Callable[[str, str, dict[str, Any]], Awaitable[None]]
"""Sends a webhook to the API: partner, event type, data."""


class NotDone(RuntimeError):
    """A step of the day failed or took too long; the message has the last answer."""


class Day:
    """`api` has a key of staff; `name` begins the numbers of this day's orders, so that days do not share orders."""

    def __init__(self, api: httpx2.AsyncClient, say: Say, name: str) -> None:
        self._api, self._say, self._name = api, say, name
        self._numbers = count(1)

    async def live(self) -> list[str]:
        """Do all of the day's work and return the ids of its orders."""
        kept, returned, canceled = [await self._place() for _ in range(3)]
        await self._post(f"/orders/{canceled}/cancel", {"reason": "changed my mind"})
        for order_id, status in ((kept, "completed"), (returned, "completed"), (canceled, "canceled")):
            await self._until_status(order_id, status)
        await self._return(returned)
        await self._move_goods()
        await self._read_everything(returned)
        return [kept, returned, canceled]

    async def _place(self) -> str:
        name = f"{self._name}-{next(self._numbers):04}"
        answer = await self._post("/orders", order_body(name))
        return str(answer["order_id"])

    async def _return(self, order_id: str) -> None:
        order = await self._get(f"/orders/{order_id}")
        lines = [{"line_no": 1, "quantity": 1}]
        case = {"case_id": "K-1", "reason": "too big", "lines": lines}
        names = {name: order[name] for name in ("channel", "channel_order_id")}
        await self._say("crm", "return.requested", case | names)
        await self._until(f"/orders/{order_id}", lambda seen: [one["status"] for one in seen["returns"]] == ["closed"])

    async def _move_goods(self) -> None:
        goods, now = [{"sku": "ELEGANT-LAMP", "quantity": 1}], datetime.now(UTC)
        receipt = {"receipt_id": f"R-{self._name}", "location_id": "GUANGZHOU", "lines": goods}
        await self._say("erp", "stock.received", receipt)
        taken_at = (now - timedelta(hours=1)).isoformat()
        snapshot = {"snapshot_id": f"S-{self._name}", "location_id": "GUANGZHOU", "taken_at": taken_at, "lines": goods}
        await self._say("wms", "stock.snapshot", snapshot)

    async def _read_everything(self, order_id: str) -> None:
        """Call every GET route, with the ids of one order in its path and with each value of its filters."""
        known = await self._known(order_id)
        day = datetime.now(UTC).date()
        period = {"first": (day - timedelta(days=28)).isoformat(), "last": day.isoformat()}
        paths = (await self._get("/openapi.json"))["paths"]
        for path, methods in paths.items():
            if "get" not in methods or path in NOT_READ:
                continue
            filled = re.sub(r"{(\w+)}", lambda name: known.get(name[1], "none"), path)
            query = [one for one in methods["get"].get("parameters", []) if one["in"] == "query"]
            fixed = {one["name"]: period[one["name"]] for one in query if one["name"] in period}
            await self._api.get(filled, params=fixed)
            for name, value in ((one["name"], value) for one in query for value in _choices(one, known)):
                beside = {"currency": "CNY"} if name in WITH_CURRENCY else {}
                if path == "/orders" and name in OF_PARTS:
                    beside = {"customer": known["customer"]}
                await self._api.get(filled, params=fixed | beside | {name: value})

    async def _known(self, order_id: str) -> dict[str, str]:
        order = await self._get(f"/orders/{order_id}")
        work, shipment = order["fulfillment_orders"][0], order["shipments"][0]
        now = datetime.now(UTC)
        spans = {
            f"{what}_{side}": (now + timedelta(hours=hours)).isoformat()
            for what in ("placed", "shipped", "delivered")
            for side, hours in (("after", -24), ("before", 1))
        }
        return spans | {
            "q": order["channel_order_id"],
            "phone": order["ship_to"]["phone"],
            "email": "nobody@lake.example",
            "tag": "gift",
            "assignee": "Sun of support",
            "mentions": "role:finance",
            "has_notes": "true",
            "province": order["ship_to"]["province"],
            "carrier": shipment["carrier"],
            "amount_from": "330.00",
            "amount_to": "330.00",
            "currency": order["currency"],
            "order_id": order_id,
            "order": order_id,
            "channel": order["channel"],
            "channel_order_id": order["channel_order_id"],
            "status": "completed",
            "customer": f"C-{order['channel_order_id']}",
            "customer_id": f"C-{order['channel_order_id']}",
            "created_after": (now - timedelta(days=1)).isoformat(),
            "location": work["location_id"],
            "location_id": work["location_id"],
            "fulfillment_order_id": work["fulfillment_order_id"],
            "shipment_id": shipment["shipment_id"],
            "return_id": order["returns"][0]["return_id"],
            "sku": "ELEGANT-LAMP",
        }

    async def _until_status(self, order_id: str, status: str) -> None:
        await self._until(f"/orders/{order_id}", lambda seen: bool(seen["status"] == status))

    async def _until(self, path: str, holds: Callable[[Any], bool]) -> None:
        give_up, pause = time.monotonic() + TIMEOUT_SECONDS, 0.05
        while not holds(seen := await self._get(path)):
            if time.monotonic() > give_up:
                raise NotDone(f"{path}: {seen}")
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, 0.5)

    async def _get(self, path: str) -> Any:
        answer = await self._api.get(path)
        if answer.status_code != 200:
            raise NotDone(f"{path}: {answer.status_code} {answer.text}")
        return answer.json()

    async def _post(self, path: str, body: dict[str, Any]) -> Any:
        answer = await self._api.post(path, json=body)
        if not answer.is_success:
            raise NotDone(f"{path}: {answer.status_code} {answer.text}")
        return answer.json()


def _choices(parameter: dict[str, Any], known: dict[str, str]) -> list[str]:
    """The values to filter a list by: those that the schema names, or else that of the order."""
    schema = parameter["schema"]
    if parameter["name"] == "format" and "xlsx" in schema.get("enum", ()):
        # A sheet reads a whole list, as it should.
        return []
    words = [word for one in (schema, *schema.get("anyOf", ())) for word in one.get("enum", ())]
    return words or [known[name] for name in (parameter["name"],) if name in known]


def order_body(name: str) -> dict[str, Any]:
    """The body of an order for two lamps and a tea set of the shop that `baton seed` stocks."""
    return {
        "channel": "shop",
        "channel_order_id": name,
        "placed_at": datetime.now(UTC).isoformat(),
        "customer": {"customer_id": f"C-{name}"},
        "ship_to": {
            "name": "Lin Xia",
            "phone": "+8613800138000",
            "country": "CN",
            "province": "广东省",
            "city": "深圳市",
            "lines": ["1 Lake Road"],
        },
        "lines": [
            {"sku": "ELEGANT-LAMP", "quantity": 2, "unit_price": "120.00"},
            {"sku": "TEA-SET", "quantity": 1, "unit_price": "80.00"},
        ],
        "currency": "CNY",
        "totals": {"discount": "0", "shipping": "10.00", "tax": "0", "grand_total": "330.00"},
        "payment": {"reference": f"PAY-{name}:330.00:CNY", "method": "wechat"},
    }
