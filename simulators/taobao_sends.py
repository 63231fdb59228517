"""Taobao's `logistics.*.send`: a paid trade is sent as a whole or by sub-order, each once."""

from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from simulators.endpoints import Body
from simulators.platform_state import PlatformState

CARRIERS = {"SF", "JD", "DHL", "EMS", "YTO", "ZTO", "STO", "YUNDA"}
SENDABLE = ("WAIT_SELLER_SEND_GOODS", "SELLER_CONSIGNED_PART")
SENT = "WAIT_BUYER_CONFIRM_GOODS"


@dataclass(slots=True)
class TaobaoSends:
    state: PlatformState
    received: list[Body] = field(default_factory=list)

    def routes(self) -> list[Route]:
        """An unsigned read for people and tests."""
        return [Route("/shipments", self.state.endpoints.view(self._look), methods=["GET"])]

    def send(self, form: dict[str, str]) -> str:
        """Take the parcel and return an empty text, or refuse it and return the sub-code."""
        trade = self.state.orders.get(form["tid"])
        if trade is None:
            return "isv.trade-not-exist"
        orders: list[dict[str, Any]] = trade["orders"]["order"]
        split = form.get("is_split") == "1"
        names = form["sub_tid"].split(",") if split else [_name(order) for order in orders]
        if refused := self._refused(trade, orders, names, form):
            return refused
        for order in orders:
            if _name(order) in names:
                order |= {"status": SENT, "invoice_no": form["out_sid"], "logistics_company": form["company_code"]}
        trade["status"] = SENT if all(order.get("status") == SENT for order in orders) else SENDABLE[1]
        lines = {"tid": form["tid"], "sub_tids": names, "whole": not split}
        self.received.append(lines | {"waybill": form["out_sid"], "carrier": form["company_code"]})
        return ""

    def _refused(self, trade: Body, orders: list[dict[str, Any]], names: list[str], form: dict[str, str]) -> str:
        if form["company_code"] not in CARRIERS:
            return "isv.invalid-parameter:company_code"
        if not form["out_sid"] or set(names) - {_name(order) for order in orders}:
            return "isv.invalid-parameter:sub_tid"
        if trade["status"] not in (*SENDABLE, SENT):
            return "isv.trade-not-paid"
        if any(order.get("status") == SENT for order in orders if _name(order) in names):
            return "isv.trade-already-sent"
        return ""

    def _look(self, request: Request, body: Body) -> tuple[int, Body]:
        return 200, {"shipments": self.received}


def _name(order: dict[str, Any]) -> str:
    return str(order.get("oid_str") or order["oid"])
