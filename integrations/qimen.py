"""A warehouse that speaks Qimen: the same three calls as integrations/wms.py, each a mapping of names."""

from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element

import httpx2

from domain.errors import PartnerTrouble, PickRefused, Refusal, ReturnRefused
from integrations.http import REFUSAL_CODE
from integrations.qimen_form import NotQimen, read_xml, signed, text_at, to_xml
from integrations.trust import trust
from integrations.wms import PickRequest, RecallResult, ReturnNotice
from settings import Qimen

CREATE, CANCEL, RETURN = (
    "taobao.qimen.deliveryorder.create",
    "taobao.qimen.order.cancel",
    "taobao.qimen.returnorder.create",
)
ORDER_TYPES = {"sale": "JYCK", "exchange": "HHCK", "reship": "BFCK"}
RETURN_TYPE = "THRK"
URGENT_PRIORITY = 50
# Of the platform itself and not of the warehouse: they pass.
PASSING = ("isp.", "accesscontrol.", "http")
UNKNOWN = "order.unknown"
NAMES = {
    "name": "name",
    "phone": "mobile",
    "email": "email",
    "country": "countryCode",
    "province": "province",
    "city": "city",
    "district": "area",
    "postal_code": "zipCode",
}
"""Of `ship_to`, ours and theirs."""


class QimenWms:
    """One customer at one Qimen address. It knows what it was asked by the order's code, so it needs no other key."""

    def __init__(self, settings: Qimen) -> None:
        self._settings = settings
        self._client = httpx2.Client(
            timeout=settings.timeout.total_seconds(),
            verify=trust(),
            limits=httpx2.Limits(max_connections=64, max_keepalive_connections=64, keepalive_expiry=4.0),
            mounts={"all://127.0.0.1": None, "all://localhost": None},
        )

    def pick(self, request: PickRequest, key: str) -> str:
        """Hand over the work and get the warehouse's reference. Raises PickRefused and PartnerTrouble."""
        order = {
            "deliveryOrderCode": request["fulfillment_order_id"],
            "orderType": ORDER_TYPES[request.get("purpose", "sale")],
            "warehouseCode": self._settings.warehouses[request["location_id"]],
            "sourcePlatformCode": request["channel"],
            "isUrgency": "Y" if request.get("priority", 100) <= URGENT_PRIORITY else "N",
            "buyerMessage": request.get("instructions", {}).get("gift_message"),
            "receiverInfo": _receiver(request["ship_to"]),
            "extendProps": _more(request) or None,
        }
        lines = [
            (
                "orderLine",
                {
                    "orderLineNo": number,
                    "sourceOrderCode": request["channel_order_id"],
                    "ownerCode": self._settings.owner_code,
                    "itemCode": line["sku"],
                    "planQty": line["quantity"],
                },
            )
            for number, line in enumerate(request["lines"], 1)
        ]
        answer = self._call(CREATE, {"deliveryOrder": order, "orderLines": lines}, PickRefused)
        return text_at(answer, "deliveryOrderId") or request["fulfillment_order_id"]

    def recall(self, fulfillment_order_id: str, reason: str, key: str, location_id: str = "") -> RecallResult:
        """Take the work back. A warehouse that refuses says that it is too late."""
        wanted = {
            "warehouseCode": self._settings.warehouses[location_id],
            "ownerCode": self._settings.owner_code,
            "orderCode": fulfillment_order_id,
            "orderType": ORDER_TYPES["sale"],
            "cancelReason": reason,
        }
        try:
            self._call(CANCEL, wanted, PickRefused)
        except PickRefused as refused:
            return RecallResult.RECALLED if refused.code == UNKNOWN else RecallResult.TOO_LATE
        return RecallResult.RECALLED

    def announce_return(self, notice: ReturnNotice, key: str) -> str:
        """Say what will come back and get the warehouse's reference. Raises ReturnRefused and PartnerTrouble."""
        order = {
            "returnOrderCode": notice["return_id"],
            "warehouseCode": self._settings.warehouses[notice["location_id"]],
            "orderType": RETURN_TYPE,
            "preDeliveryOrderCode": notice["order_id"],
        }
        lines = [
            (
                "orderLine",
                {"ownerCode": self._settings.owner_code, "itemCode": line["sku"], "planQty": line["quantity"]},
            )
            for line in notice["lines"]
        ]
        answer = self._call(RETURN, {"returnOrder": order, "orderLines": lines}, ReturnRefused)
        return text_at(answer, "returnOrderId") or notice["return_id"]

    def _call(self, method: str, content: Mapping[str, Any], refusal: type[Refusal]) -> Element:
        body, secret = to_xml("request", content), self._settings.secret.get_secret_value()
        asked = {"method": method, "app_key": self._settings.app_key, "customerId": self._settings.customer_id}
        headers = {"Content-Type": "application/xml; charset=utf-8"}
        try:
            response = self._client.post(
                self._settings.url, params=signed(asked, body, secret), content=body, headers=headers
            )
            answer = read_xml(response.content) if response.status_code == 200 else None
        except (httpx2.HTTPError, NotQimen) as error:
            raise PartnerTrouble(f"qimen {method}: {type(error).__name__}") from None
        if answer is None:
            raise PartnerTrouble(f"qimen {method}: answered {response.status_code}")
        if text_at(answer, "flag") == "success":
            return answer
        code = text_at(answer, "code", 1_000).lower()
        if code.startswith(PASSING):
            raise PartnerTrouble(f"qimen {method}: the platform is in trouble")
        raise refusal(code if REFUSAL_CODE.fullmatch(code) else "refused", text_at(answer, "message", 1_000))


def _receiver(ship_to: Mapping[str, Any]) -> dict[str, Any]:
    told = {theirs: ship_to.get(ours) for ours, theirs in NAMES.items()}
    return told | {"detailAddress": " ".join(ship_to.get("lines", ())) or None}


def _more(request: PickRequest) -> dict[str, Any]:
    """What Qimen has no name for goes into the properties that it leaves to both sides."""
    own = {name: request.get(name) for name in ("priority", "pack_together", "delivery_method")}
    wishes = {"gift_wrap": request.get("instructions", {}).get("gift_wrap")}
    return {name: value for name, value in (own | wishes).items() if value}
