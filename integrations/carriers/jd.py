"""JD Logistics in its own format: one path for each call, and answers with a JD code."""

from typing import Any

from domain.errors import VOIDED, CarrierRefused
from integrations.bookings import (
    Booking,
    BookingRequest,
    InterceptionRequest,
    ParcelSize,
    VoidResult,
    centimeters,
)
from integrations.http import Answer, PartnerHttp, readable

ORDERS = "/carriers/jd/ecap/v1/orders"
FINE, UNKNOWN_ORDER, HAS_THE_PARCEL, IS_VOID = 0, 3001, 3002, 3004
STANDARD, STANDARD_NAME, OF_A_MERCHANT = "ed-m-0001", "京东标快", 1


class JdLogistics:
    def __init__(self, http: PartnerHttp) -> None:
        self._http = http

    def book(self, request: BookingRequest, key: str) -> Booking:
        """Book the parcel. Raises CarrierRefused."""
        answer = self._ask("create", _order(request), key)
        if _code(answer) != FINE:
            raise CarrierRefused(VOIDED if _code(answer) == IS_VOID else f"jd_{_code(answer)}")
        data = answer.body.get("data")
        if answer.text_in(data, "orderCode") != request["shipment_id"]:
            raise answer.trouble("orderCode is another shipment's")
        return Booking("JD Logistics", answer.text_in(data, "waybillCode"), STANDARD_NAME)

    def void(self, shipment_id: str, reason: str, key: str) -> VoidResult:
        answer = self._ask("cancel", {"orderId": shipment_id, "cancelReason": reason}, key)
        match _code(answer):
            case code if code in (FINE, UNKNOWN_ORDER):
                return VoidResult.VOIDED
            case code if code == HAS_THE_PARCEL:
                return VoidResult.TOO_LATE
        raise answer.trouble("its code is not a known one")

    def intercept(self, shipment_id: str, waybill: str, reason: str, key: str) -> InterceptionRequest:
        wish = {"orderId": shipment_id, "waybillCode": waybill, "interceptReason": reason}
        answer = self._ask("intercept", wish, key)
        return InterceptionRequest(_code(answer) == FINE, readable(str(answer.body.get("msg") or "")))

    def _ask(self, call: str, body: dict[str, Any], key: str) -> Answer:
        request = {**body, "orderOrigin": OF_A_MERCHANT}
        return self._http.post(f"{ORDERS}/{call}", request, key, refusal=CarrierRefused)


def _code(answer: Answer) -> int:
    """The answer's code; if `success` is present too, the two must agree."""
    code = answer.number("code")
    if answer.body.get("success", code == FINE) is not (code == FINE):
        raise answer.trouble("success and code contradict each other")
    return code


def _order(request: BookingRequest) -> dict[str, Any]:
    start, to = request["origin"], request["ship_to"]
    names = " ".join(to.get(part, "") for part in ("province", "city", "district"))
    return {
        "orderId": request["shipment_id"],
        "senderContact": {"country": start["country"], "fullAddress": start["region"]},
        "receiverContact": {
            "name": to.get("name", ""),
            "mobile": to.get("phone", ""),
            "fullAddress": " ".join([names, *to.get("lines", ())]),
        },
        "productsReq": {"productCode": STANDARD},
        "cargoes": [_cargo(parcel) for parcel in request["parcels"]],
        "goods": [{"name": line["sku"], "quantity": line["quantity"]} for line in request["lines"]],
        "extendProps": {
            "order_id": request["order_id"],
            "channel_order_id": request["channel_order_id"],
            "location_id": start["location_id"],
            "fulfillment_order_ids": ",".join(request["fulfillment_order_ids"]),
        },
        "wishes": request.get("instructions", {}),
    }


def _cargo(parcel: ParcelSize) -> dict[str, Any]:
    """JD spells the height `hight`."""
    measures = zip(("length", "width", "hight"), centimeters(parcel) or (), strict=False)
    return {"quantity": 1, "weight": parcel["weight_grams"] / 1_000, **dict(measures)}
