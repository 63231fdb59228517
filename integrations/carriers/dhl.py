"""DHL Express in its own format. It cannot void or intercept by the shipper's number, so the TMS does that."""

from datetime import UTC, datetime
from typing import Any

from domain.errors import VOIDED, CarrierRefused
from integrations.bookings import Booking, BookingRequest, CarrierClient, InterceptionRequest, VoidResult, centimeters
from integrations.http import Answer, PartnerHttp

PATH = "/carriers/dhl/shipments"
WORLDWIDE, WORLDWIDE_NAME = "P", "EXPRESS WORLDWIDE"
MADE, BAD_REQUEST, IS_VOID = 201, 400, "8009"
# DHL's type codes for our numbers.
SHIPMENT, ORDER, CHANNEL_ORDER, WORK, LOCATION = "CU", "AAO", "AFE", "BN", "SS"


class DhlExpress:
    def __init__(self, http: PartnerHttp, tms: CarrierClient) -> None:
        self._http = http
        self._tms = tms

    def book(self, request: BookingRequest, key: str) -> Booking:
        """Book the parcel. Raises CarrierRefused."""
        answer = self._http.post(PATH, _order(request), key, refusal=CarrierRefused, expected=(MADE, BAD_REQUEST))
        if answer.status == BAD_REQUEST:
            raise CarrierRefused(_refusal_code(answer))
        return Booking("DHL Express", answer.text("shipmentTrackingNumber"), WORLDWIDE_NAME)

    def void(self, shipment_id: str, reason: str, key: str) -> VoidResult:
        return self._tms.void(shipment_id, reason, key)

    def intercept(self, shipment_id: str, waybill: str, reason: str, key: str) -> InterceptionRequest:
        return self._tms.intercept(shipment_id, waybill, reason, key)


def _refusal_code(answer: Answer) -> str:
    """Our refusal code from the number that begins DHL's detail: `996: the product is not available`."""
    code, colon, _ = answer.text("detail").partition(":")
    if code == IS_VOID:
        return VOIDED
    return f"dhl_{code}" if colon and code.isdigit() else "dhl_bad_request"


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
    package: dict[str, Any] = {"weight": parcel["weight_grams"] / 1_000}
    if measures := centimeters(parcel):
        package["dimensions"] = dict(zip(("length", "width", "height"), measures, strict=True))
    return package
