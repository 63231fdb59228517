"""WeChat shop's shipments: a paid order is sent in parcels with units of its goods."""

from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from simulators.endpoints import Body
from simulators.platform_state import PlatformState

CARRIERS = {"SF", "JD", "EMS", "YTO", "ZTO", "STO", "YD"}
UNSENT, PARTLY_SENT, SENT = 20, 21, 30
NOT_SENDABLE, NO_SUCH_CARRIER, TOO_MANY = 10020054, 10020055, 10020056


@dataclass(slots=True)
class WechatParcels:
    state: PlatformState
    received: list[Body] = field(default_factory=list)

    def routes(self) -> list[Route]:
        """An unsigned read for people and tests."""
        return [Route("/shipments", self.state.endpoints.view(self._look), methods=["GET"])]

    def send(self, order: Body | None, asked: Body) -> int:
        """Take the parcels and return 0, or refuse them and return the code."""
        if order is None or order["status"] not in (UNSENT, PARTLY_SENT):
            return NOT_SENDABLE
        delivery = order["order_detail"]["delivery_info"]
        parcels: list[Any] = [*(delivery.get("delivery_product_info") or [])]
        for one in asked["delivery_list"]:
            if one["delivery_id"] not in CARRIERS or not one["waybill_id"] or not one["product_infos"]:
                return NO_SUCH_CARRIER
            parcels.append(one | {"delivery_time": int(self.state.now().timestamp())})
        units = {_name(item): item["sku_cnt"] for item in order["order_detail"]["product_infos"]}
        sent = dict[str, int]()
        for parcel in parcels:
            for item in parcel["product_infos"]:
                sent[_name(item)] = sent.get(_name(item), 0) + item["product_cnt"]
        if any(number > units.get(name, 0) for name, number in sent.items()):
            return TOO_MANY
        now = self.state.now()
        detail = order["order_detail"] | {"delivery_info": delivery | {"delivery_product_info": parcels}}
        status = {"status": SENT if sent == units else PARTLY_SENT, "update_time": int(now.timestamp())}
        self.state.put(str(order["order_id"]), order | {"order_detail": detail} | status, now)
        for one in asked["delivery_list"]:
            self.received.append({"order_id": order["order_id"], "waybill": one["waybill_id"]} | one)
        return 0

    def _look(self, request: Request, body: Body) -> tuple[int, Body]:
        return 200, {"shipments": self.received}


def _name(item: Body) -> str:
    return f"{item['product_id']}:{item['sku_id']}"
