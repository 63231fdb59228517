"""Client of a Qimen warehouse: the calls of integrations/wms.py, translated to Qimen's fields."""

from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element

import httpx2

from domain.errors import PartnerTrouble, PickRefused, Refusal, ReturnRefused
from integrations.bounded import bounded, fetch
from integrations.circuit import Circuit
from integrations.http import MAX_ANSWER_BYTES, REFUSAL_CODE, call_limited
from integrations.qimen_form import NotQimen, read_xml, signed, text_at, to_xml
from integrations.tls import tls_context
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
# Codes of the platform itself, not of the warehouse: worth a retry.
PLATFORM_TROUBLE = ("isp.", "accesscontrol.", "http")
UNKNOWN_ORDER = "order.unknown"
RECEIVER_FIELDS = {
    "name": "name",
    "phone": "mobile",
    "email": "email",
    "country": "countryCode",
    "province": "province",
    "city": "city",
    "district": "area",
    "postal_code": "zipCode",
}
"""Fields of `ship_to`: our name -> Qimen's."""


class QimenWms:
    """Client for one Qimen customer id. Qimen recognizes a repeated call by the order's code, so `key` is not sent."""

    def __init__(self, settings: Qimen, circuit: Circuit | None = None) -> None:
        self._settings = settings
        self._circuit = circuit or Circuit("qimen")
        client = httpx2.Client(
            timeout=settings.timeout.total_seconds(),
            verify=tls_context(),
            limits=httpx2.Limits(max_connections=64, max_keepalive_connections=64, keepalive_expiry=4.0),
            mounts={"all://127.0.0.1": None, "all://localhost": None},
        )
        self._client = bounded(client)

    def pick(self, request: PickRequest, key: str) -> str:
        """Send the pick and return the warehouse's reference. Raises PickRefused and PartnerTrouble."""
        order = {
            "deliveryOrderCode": request["fulfillment_order_id"],
            "orderType": ORDER_TYPES[request.get("purpose", "sale")],
            "warehouseCode": self._settings.warehouses[request["location_id"]],
            "sourcePlatformCode": request["channel"],
            "isUrgency": "Y" if request.get("priority", 100) <= URGENT_PRIORITY else "N",
            "buyerMessage": request.get("instructions", {}).get("gift_message"),
            "receiverInfo": _receiver(request["ship_to"]),
            "extendProps": _extra_properties(request) or None,
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
        content = {"deliveryOrder": order, "orderLines": lines}
        return self._call(CREATE, content, PickRefused, "deliveryOrderId") or request["fulfillment_order_id"]

    def recall(self, fulfillment_order_id: str, reason: str, key: str, location_id: str = "") -> RecallResult:
        """Recall the pick. Any refusal counts as too late, but for an unknown order, which counts as recalled."""
        cancellation = {
            "warehouseCode": self._settings.warehouses[location_id],
            "ownerCode": self._settings.owner_code,
            "orderCode": fulfillment_order_id,
            "orderType": ORDER_TYPES["sale"],
            "cancelReason": reason,
        }
        try:
            self._call(CANCEL, cancellation, PickRefused)
        except PickRefused as refused:
            return RecallResult.RECALLED if refused.code == UNKNOWN_ORDER else RecallResult.TOO_LATE
        return RecallResult.RECALLED

    def announce_return(self, notice: ReturnNotice, key: str) -> str:
        """Announce a return and get the warehouse's reference. Raises ReturnRefused and PartnerTrouble."""
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
        content = {"returnOrder": order, "orderLines": lines}
        return self._call(RETURN, content, ReturnRefused, "returnOrderId") or notice["return_id"]

    def _call(self, method: str, content: Mapping[str, Any], refusal: type[Refusal], number: str = "flag") -> str:
        """Call the method and return the text of the field `number`, empty if the answer lacks it."""
        try:
            answer = self._ask(method, to_xml("request", content))
            flag, code, message = (text_at(answer, name, 1_000) for name in ("flag", "code", "message"))
            reference = text_at(answer, number)
        except NotQimen as error:
            raise PartnerTrouble(f"qimen {method}: {error.field} is not as Qimen describes it") from None
        if flag == "success":
            return reference
        if flag != "failure":
            raise PartnerTrouble(f"qimen {method}: flag is neither success nor failure")
        if (code := code.lower()).startswith(PLATFORM_TROUBLE):
            raise PartnerTrouble(f"qimen {method}: the platform is in trouble")
        raise refusal(code if REFUSAL_CODE.fullmatch(code) else "refused", message)

    def _ask(self, method: str, body: bytes) -> Element:
        secret, seconds = self._settings.secret.get_secret_value(), self._settings.timeout.total_seconds()
        query = {"method": method, "app_key": self._settings.app_key, "customerId": self._settings.customer_id}
        headers = {"Content-Type": "application/xml; charset=utf-8"}
        params = signed(query, body, secret)
        request = self._client.build_request("POST", self._settings.url, params=params, content=body, headers=headers)
        with self._circuit.call():
            try:
                response = fetch(self._client, request, seconds, MAX_ANSWER_BYTES)
            except httpx2.HTTPError as error:
                raise PartnerTrouble(f"qimen {method}: {type(error).__name__}") from None
            if response.status_code == 429:
                raise call_limited(f"qimen {method}", response.headers.get("retry-after", ""))
            if response.status_code != 200:
                raise PartnerTrouble(f"qimen {method}: answered {response.status_code}")
        return read_xml(response.content)


def _receiver(ship_to: Mapping[str, Any]) -> dict[str, Any]:
    receiver = {theirs: ship_to.get(ours) for ours, theirs in RECEIVER_FIELDS.items()}
    return receiver | {"detailAddress": " ".join(ship_to.get("lines", ())) or None}


def _extra_properties(request: PickRequest) -> dict[str, Any]:
    """Fields that Qimen has no name for; they go into its free `extendProps`."""
    own = {name: request.get(name) for name in ("priority", "pack_together", "delivery_method")}
    wishes = {"gift_wrap": request.get("instructions", {}).get("gift_wrap")}
    return {name: value for name, value in (own | wishes).items() if value}
