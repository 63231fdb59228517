"""DHL Express in its own words. It has no call to void or intercept by the shipper's number: the TMS sees to that."""

from datetime import UTC, datetime
from typing import Any

from domain.errors import VOIDED, CarrierRefused
from integrations.bookings import Booking, BookingRequest, Courier, InterceptionRequest, VoidResult, centimeters
from integrations.http import Answer, PartnerHttp

PATH = "/carriers/dhl/shipments"
WORLDWIDE, WORLDWIDE_NAME = "P", "EXPRESS WORLDWIDE"
MADE, BAD_REQUEST, IS_VOID = 201, 400, "8009"
# What DHL calls the numbers of others.
SHIPMENT, ORDER, CHANNEL_ORDER, WORK, LOCATION = "CU", "AAO", "AFE", "BN", "SS"


class DhlExpress:
    def __init__(self, http: PartnerHttp, desk: Courier) -> None:
        self._http = http
        self._desk = desk

    def book(self, request: BookingRequest, key: str) -> Booking:
        """Raises CarrierRefused."""
        answer = self._http.post(PATH, _order(request), key, refusal=CarrierRefused, expected=(MADE, BAD_REQUEST))
        if answer.status == BAD_REQUEST:
            raise CarrierRefused(_code(answer))
        return Booking("DHL Express", answer.text("shipmentTrackingNumber"), WORLDWIDE_NAME)

    def void(self, shipment_id: str, reason: str, key: str) -> VoidResult:
        return self._desk.void(shipment_id, reason, key)

    def intercept(self, shipment_id: str, waybill: str, reason: str, key: str) -> InterceptionRequest:
        return self._desk.intercept(shipment_id, waybill, reason, key)


def _code(answer: Answer) -> str:
    """DHL begins the detail with a number: `996: the product is not available`."""
    number, colon, _ = answer.text("detail").partition(":")
    if number == IS_VOID:
        return VOIDED
    return f"dhl_{number}" if colon and number.isdigit() else "dhl_bad_request"


def _order(request: BookingRequest) -> dict[str, Any]:
    start, to = request["origin"], request["ship_to"]
    numbers = [
        *((SHIPMENT, request["shipment_id"]), (ORDER, request["order_id"])),
        *((CHANNEL_ORDER, request["channel_order_id"]), (LOCATION, start["location_id"])),
        *((WORK, name) for name in request["fulfillment_order_ids"]),
    ]
    return {
        "plannedShippingDateAndTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S GMT+00:00"),
        "pickup": {"isRequested": False},
        "productCode": WORLDWIDE,
        "customerReferences": [{"typeCode": kind, "value": number} for kind, number in numbers],
        "customerDetails": {
            "shipperDetails": {"postalAddress": {"countryCode": start["country"], "cityName": start["region"]}},
            "receiverDetails": {
                "postalAddress": {
                    "countryCode": to.get("country", ""),
                    "cityName": to.get("city", ""),
                    "postalCode": to.get("postal_code", ""),
                    **{f"addressLine{row}": line for row, line in enumerate(to.get("lines", ())[:3], 1)},
                },
                "contactInformation": {"fullName": to.get("name", ""), "phone": to.get("phone", "")},
            },
        },
        "content": {
            "unitOfMeasurement": "metric",
            "isCustomsDeclarable": to.get("country") != start["country"],
            "packages": [_package(parcel) for parcel in request["parcels"]],
            "lines": [{"description": line["sku"], "quantity": line["quantity"]} for line in request["lines"]],
        },
        "wishes": request.get("instructions", {}),
    }


def _package(parcel: Any) -> dict[str, Any]:
    told: dict[str, Any] = {"weight": parcel["weight_grams"] / 1_000}
    if measures := centimeters(parcel):
        told["dimensions"] = dict(zip(("length", "width", "height"), measures, strict=True))
    return told
