"""Douyin's shipments: a paid order is sent as a whole, or in parcels with units of its sub-orders."""

from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from simulators.endpoints import Body
from simulators.platform_state import PlatformState

CARRIERS = {"shunfeng", "jd", "ems", "yuantong", "zhongtong", "shentong", "yunda"}
UNSENT, SENT, PARTLY_SENT = 2, 3, 101


@dataclass(slots=True)
class DouyinParcels:
    state: PlatformState
    received: list[Body] = field(default_factory=list)
    requests: set[str] = field(default_factory=set)
    """Ids of the calls that were taken: each is taken once, and then answered as the first time."""

    def routes(self) -> list[Route]:
        """An unsigned read for people and tests."""
        return [Route("/shipments", self.state.endpoints.view(self._look), methods=["GET"])]

    def send(self, order: Body | None, asked: Body) -> str:
        """Take the parcels and return an empty text, or refuse them and return the sub-code."""
        if asked.get("request_id") in self.requests:
            return ""
        if order is None or order["order_status"] not in (UNSENT, PARTLY_SENT):
            return "isv.business-failed:70003"
        packs = asked.get("pack_list") or [asked | {"shipped_order_info": self._everything(order)}]
        sent = self._sent(order)
        for pack in packs:
            if pack["company_code"] not in CARRIERS or not pack["logistics_code"]:
                return "isv.business-failed:700042"
            for one in pack["shipped_order_info"]:
                name = str(one["shipped_order_id"])
                sent[name] = sent.get(name, 0) + one["shipped_num"]
        units = {str(item["order_id"]): item["item_num"] for item in order["sku_order_list"]}
        if any(number > units.get(name, 0) for name, number in sent.items()):
            return "isv.business-failed:70015"
        self._take(order, packs, all(sent.get(name, 0) == number for name, number in units.items()))
        self.requests |= {asked["request_id"]} if asked.get("request_id") else set()
        return ""

    def _take(self, order: Body, packs: list[Body], whole: bool) -> None:
        infos: list[Any] = list(order.get("logistics_info") or [])
        for pack in packs:
            held = [
                {"sku_order_id": one["shipped_order_id"], "product_count": one["shipped_num"]}
                for one in pack["shipped_order_info"]
            ]
            about = {"tracking_no": pack["logistics_code"], "company": pack["company_code"], "product_info": held}
            infos.append(about | {"ship_time": int(self.state.now().timestamp())})
            lines = [{"channel_line_id": one["sku_order_id"], "quantity": one["product_count"]} for one in held]
            about = {"order_id": order["order_id"], "waybill": pack["logistics_code"], "lines": lines}
            self.received.append(about | {"carrier": pack["company_code"]})
        now = self.state.now()
        changes = {"logistics_info": infos, "order_status": SENT if whole else PARTLY_SENT}
        self.state.put(str(order["order_id"]), order | changes | {"update_time": int(now.timestamp())}, now)

    def _sent(self, order: Body) -> dict[str, int]:
        sent = dict[str, int]()
        for info in order.get("logistics_info") or []:
            for one in info["product_info"]:
                name = str(one["sku_order_id"])
                sent[name] = sent.get(name, 0) + one["product_count"]
        return sent

    def _everything(self, order: Body) -> list[Body]:
        return [
            {"shipped_order_id": one["order_id"], "shipped_num": one["item_num"]} for one in order["sku_order_list"]
        ]

    def _look(self, request: Request, body: Body) -> tuple[int, Body]:
        return 200, {"shipments": self.received}
