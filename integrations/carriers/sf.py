"""SF Express in its own format: a call names a service and carries its data; the answer is JSON inside a string."""

from typing import Any

from domain.errors import VOIDED, CarrierRefused
from integrations.bookings import Booking, BookingRequest, InterceptionRequest, VoidResult, kilograms
from integrations.http import Answer, PartnerHttp, read_object, readable

PATH = "/carriers/sf/std/service"
ANSWERED, CANNOT_BE_DELIVERED, CANCEL, BRING_BACK = "A1000", 3, 2, "2"
UNKNOWN_ORDER, HAS_THE_PARCEL, IS_VOID = "8018", "8019", "8037"
STANDARD, STANDARD_NAME = 2, "顺丰标快"


class SfExpress:
    def __init__(self, http: PartnerHttp) -> None:
        self._http = http

    def book(self, request: BookingRequest, key: str) -> Booking:
        """Book the parcel; the same order id again gets the same waybill. Raises CarrierRefused."""
        answer, result = self._ask("EXP_RECE_CREATE_ORDER", request["shipment_id"], _order(request), key)
        data = _data(answer, result)
        if data.get("filterResult") == CANNOT_BE_DELIVERED:
            raise CarrierRefused("sf_cannot_deliver")
        if answer.text_in(data, "orderId") != request["shipment_id"]:
            raise answer.trouble("orderId is another shipment's")
        return Booking("SF Express", _waybill(answer, data), STANDARD_NAME)

    def void(self, shipment_id: str, reason: str, key: str) -> VoidResult:
        order = {"orderId": shipment_id, "dealType": CANCEL}
        answer, result = self._ask("EXP_RECE_UPDATE_ORDER", shipment_id, order, key)
        if result.get("errorCode") == HAS_THE_PARCEL:
            return VoidResult.TOO_LATE
        if result.get("errorCode") not in (UNKNOWN_ORDER, IS_VOID):
            _data(answer, result)
        return VoidResult.VOIDED

    def intercept(self, shipment_id: str, waybill: str, reason: str, key: str) -> InterceptionRequest:
        wish = {"orderId": shipment_id, "waybillNo": waybill, "serviceCode": BRING_BACK, "remark": reason}
        _, result = self._ask("EXP_RECE_WANTED_INTERCEPT", shipment_id, wish, key)
        return InterceptionRequest(result["success"], readable(str(result.get("errorMsg") or "")))

    def _ask(self, service: str, request_id: str, data: dict[str, Any], key: str) -> tuple[Answer, dict[str, Any]]:
        body = {"serviceCode": service, "requestID": request_id, "msgData": data}
        answer = self._http.post(PATH, body, key, refusal=CarrierRefused)
        if answer.text("apiResultCode") != ANSWERED:
            raise answer.trouble("the platform did not pass it on")
        result = read_object(str(answer.body.get("apiResultData")).encode(errors="replace"))
        if result is None or not isinstance(result.get("success"), bool):
            raise answer.trouble("apiResultData is not an object that says whether it is done")
        return answer, result


def _data(answer: Answer, result: dict[str, Any]) -> dict[str, Any]:
    if not result["success"]:
        code = answer.text_in(result, "errorCode")
        raise CarrierRefused(VOIDED if code == IS_VOID else f"sf_{code}".lower())
    if not isinstance(result.get("msgData"), dict):
        raise answer.trouble("msgData is not an object")
    return dict(result["msgData"])


def _waybill(answer: Answer, data: dict[str, Any]) -> str:
    """The waybill of the first parcel, which stands for the whole shipment."""
    numbers = data.get("waybillNoInfoList")
    for one in numbers if isinstance(numbers, list) else ():
        if isinstance(one, dict) and one.get("waybillType") == 1:
            return answer.text_in(one, "waybillNo")
    raise answer.trouble("there is no waybill in it")


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
    receiver = {name: to[ours] for name, ours in theirs.items() if ours in to}
    return receiver | {"county": to.get("district", ""), "address": " ".join(to.get("lines", ()))}
