"""SF Express in its own words: every call names a service and carries its data; the answer stands in a text of JSON."""

import json
from typing import Any

from domain.errors import VOIDED, CarrierRefused
from integrations.bookings import Booking, BookingRequest, InterceptionRequest, VoidResult, kilograms
from integrations.http import Answer, PartnerHttp

PATH = "/carriers/sf/std/service"
ANSWERED, CANNOT_BE_DELIVERED, CANCEL, BRING_BACK = "A1000", 3, 2, "2"
UNKNOWN_ORDER, HAS_THE_PARCEL, IS_VOID = "8018", "8019", "8037"
STANDARD, STANDARD_NAME = 2, "顺丰标快"


class SfExpress:
    def __init__(self, http: PartnerHttp) -> None:
        self._http = http

    def book(self, request: BookingRequest, key: str) -> Booking:
        """The same order id again gets the waybill of the first time. Raises CarrierRefused."""
        answer, told = self._ask("EXP_RECE_CREATE_ORDER", request["shipment_id"], _order(request), key)
        data = _data(answer, told)
        if data.get("filterResult") == CANNOT_BE_DELIVERED:
            raise CarrierRefused("sf_cannot_deliver")
        numbers = [one.get("waybillNo") for one in data.get("waybillNoInfoList", []) if one.get("waybillType") == 1]
        if not numbers or not isinstance(numbers[0], str):
            raise answer.trouble("there is no waybill in it")
        return Booking("SF Express", numbers[0], STANDARD_NAME)

    def void(self, shipment_id: str, reason: str, key: str) -> VoidResult:
        order = {"orderId": shipment_id, "dealType": CANCEL}
        answer, told = self._ask("EXP_RECE_UPDATE_ORDER", shipment_id, order, key)
        if told.get("errorCode") == HAS_THE_PARCEL:
            return VoidResult.TOO_LATE
        if told.get("errorCode") not in (UNKNOWN_ORDER, IS_VOID):
            _data(answer, told)
        return VoidResult.VOIDED

    def intercept(self, shipment_id: str, waybill: str, reason: str, key: str) -> InterceptionRequest:
        wish = {"orderId": shipment_id, "waybillNo": waybill, "serviceCode": BRING_BACK, "remark": reason}
        _, told = self._ask("EXP_RECE_WANTED_INTERCEPT", shipment_id, wish, key)
        return InterceptionRequest(told.get("success") is True, str(told.get("errorMsg") or ""))

    def _ask(self, service: str, request_id: str, data: dict[str, Any], key: str) -> tuple[Answer, dict[str, Any]]:
        body = {"serviceCode": service, "requestID": request_id, "msgData": data}
        answer = self._http.post(PATH, body, key, refusal=CarrierRefused)
        if answer.text("apiResultCode") != ANSWERED:
            raise answer.trouble("the platform did not pass it on")
        try:
            told = json.loads(answer.text("apiResultData"))
        except ValueError:
            told = None
        if not isinstance(told, dict):
            raise answer.trouble("apiResultData is not an object")
        return answer, told


def _data(answer: Answer, told: dict[str, Any]) -> dict[str, Any]:
    if told.get("success") is not True:
        code = told.get("errorCode", "unknown")
        raise CarrierRefused(VOIDED if code == IS_VOID else f"sf_{code}".lower())
    if not isinstance(told.get("msgData"), dict):
        raise answer.trouble("msgData is not an object")
    return dict(told["msgData"])


def _order(request: BookingRequest) -> dict[str, Any]:
    start = request["origin"]
    ours = {
        "order_id": request["order_id"],
        "channel_order_id": request["channel_order_id"],
        "location_id": start["location_id"],
        "fulfillment_order_ids": ",".join(request["fulfillment_order_ids"]),
    }
    return {
        "language": "zh-CN",
        "orderId": request["shipment_id"],
        "expressTypeId": STANDARD,
        "contactInfoList": [
            {"contactType": 1, "country": start["country"], "province": start["region"]},
            {"contactType": 2, **_receiver(request["ship_to"])},
        ],
        "cargoDetails": [{"name": line["sku"], "count": line["quantity"]} for line in request["lines"]],
        "parcelQty": max(1, len(request["parcels"])),
        "totalWeight": kilograms(request["parcels"]),
        "extraInfoList": [{"attrName": name, "attrVal": value} for name, value in ours.items()],
        "wishes": request.get("instructions", {}),
    }


def _receiver(to: dict[str, Any]) -> dict[str, Any]:
    theirs = {"contact": "name", "mobile": "phone", "country": "country", "province": "province", "city": "city"}
    told = {name: to[ours] for name, ours in theirs.items() if ours in to}
    return told | {"county": to.get("district", ""), "address": " ".join(to.get("lines", ()))}
