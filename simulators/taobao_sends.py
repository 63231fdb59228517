"""Taobao's `logistics.*.send`: a paid trade is sent as a whole, or sub-order by sub-order, each once."""

from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from simulators.desk import Body
from simulators.shelf import Shelf

CARRIERS = {"SF", "JD", "DHL", "EMS", "YTO", "ZTO", "STO", "YUNDA"}
SENDABLE = ("WAIT_SELLER_SEND_GOODS", "SELLER_CONSIGNED_PART")
SENT = "WAIT_BUYER_CONFIRM_GOODS"


@dataclass(slots=True)
class TaobaoSends:
    shelf: Shelf
    told: list[Body] = field(default_factory=list)

    def routes(self) -> list[Route]:
        """What people and tests may look at."""
        return [Route("/shipments", self.shelf.desk.view(self._look), methods=["GET"])]

    def send(self, asked: dict[str, str]) -> str:
        """Take a parcel over; else why not, as a sub-code."""
        trade = self.shelf.orders.get(asked["tid"])
        if trade is None:
            return "isv.trade-not-exist"
        orders: list[dict[str, Any]] = trade["orders"]["order"]
        split = asked.get("is_split") == "1"
        names = asked["sub_tid"].split(",") if split else [_name(order) for order in orders]
        if refused := self._refused(trade, orders, names, asked):
            return refused
        for order in orders:
            if _name(order) in names:
                order |= {"status": SENT, "invoice_no": asked["out_sid"], "logistics_company": asked["company_code"]}
        trade["status"] = SENT if all(order.get("status") == SENT for order in orders) else SENDABLE[1]
        lines = {"tid": asked["tid"], "sub_tids": names, "whole": not split}
        self.told.append(lines | {"waybill": asked["out_sid"], "carrier": asked["company_code"]})
        return ""

    def _refused(self, trade: Body, orders: list[dict[str, Any]], names: list[str], asked: dict[str, str]) -> str:
        if asked["company_code"] not in CARRIERS:
            return "isv.invalid-parameter:company_code"
        if not asked["out_sid"] or set(names) - {_name(order) for order in orders}:
            return "isv.invalid-parameter:sub_tid"
        if trade["status"] not in (*SENDABLE, SENT):
            return "isv.trade-not-paid"
        if any(order.get("status") == SENT for order in orders if _name(order) in names):
            return "isv.trade-already-sent"
        return ""

    def _look(self, request: Request, body: Body) -> tuple[int, Body]:
        return 200, {"shipments": self.told}


def _name(order: dict[str, Any]) -> str:
    return str(order.get("oid_str") or order["oid"])
