"""The carriers: they take a parcel, let go of a booking, and may stop a parcel under way."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NotRequired, TypedDict

from domain.errors import CarrierRefused
from integrations.http import Answer, Line, PartnerHttp, segment


class Origin(TypedDict):
    """Where a parcel starts."""

    location_id: str
    country: str
    region: str


class ParcelSize(TypedDict):
    weight_grams: int


class BookingRequest(TypedDict):
    """One shipment. `ship_to` is as in docs/partners.md; `origin` is called `from` there.

    Of a shared parcel `order_id` is one of its orders, and `fulfillment_order_ids` has all that is in it.
    """

    shipment_id: str
    fulfillment_order_id: str
    fulfillment_order_ids: list[str]
    order_id: str
    channel_order_id: str
    origin: Origin
    ship_to: dict[str, Any]
    lines: list[Line]
    parcels: list[ParcelSize]
    carrier: NotRequired[str]
    """The one that is wished for; the TMS may choose another."""
    instructions: NotRequired[dict[str, Any]]


class Place(TypedDict):
    """Where goods go back to."""

    location_id: str
    country: str
    region: str


class ReturnBookingRequest(TypedDict):
    """Goods to be fetched at a customer's; `ship_from` is called `from` in docs/partners.md."""

    return_id: str
    order_id: str
    channel_order_id: str
    ship_from: dict[str, Any]
    to: Place
    lines: list[Line]


@dataclass(frozen=True, slots=True)
class Booking:
    """Who carries the shipment, under which number."""

    carrier: str
    waybill: str


class VoidResult(StrEnum):
    """Whether the booking is gone; too late means that the carrier has the parcel."""

    VOIDED = "voided"
    TOO_LATE = "too_late"


@dataclass(frozen=True, slots=True)
class InterceptionRequest:
    """Whether the carrier will try; what became of it comes by webhook. A refusal is final and says why."""

    asked: bool
    reason: str


class Tms:
    def __init__(self, http: PartnerHttp) -> None:
        self._http = http

    def book(self, request: BookingRequest, key: str) -> Booking:
        """Book a carrier, who is chosen by the TMS; a wish for one is a wish. Raises CarrierRefused."""
        body: dict[str, object] = {**request, "from": request["origin"]}
        del body["origin"]
        answer = self._http.post("/shipments", body, key, refusal=CarrierRefused, expected=(201,))
        return Booking(answer.text("carrier"), answer.text("waybill"))

    def void(self, shipment_id: str, reason: str, key: str) -> VoidResult:
        """Take a booking back. One that was never made counts as voided and will not be made should it still come."""
        return self._void(f"/shipments/{segment(shipment_id)}", reason, key)

    def book_return(self, request: ReturnBookingRequest, key: str) -> Booking:
        """Have a carrier fetch goods at a customer's and bring them to a location. Raises CarrierRefused."""
        body: dict[str, object] = {**request, "from": request["ship_from"]}
        del body["ship_from"]
        answer = self._http.post("/return-shipments", body, key, refusal=CarrierRefused, expected=(201,))
        return Booking(answer.text("carrier"), answer.text("waybill"))

    def void_return(self, return_id: str, reason: str, key: str) -> VoidResult:
        """Take the booking of a return back, as `void` does."""
        return self._void(f"/return-shipments/{segment(return_id)}", reason, key)

    def _void(self, path: str, reason: str, key: str) -> VoidResult:
        body = {"reason": reason}
        answer = self._http.post(f"{path}/void", body, key, refusal=CarrierRefused, expected=(200, 404))
        if answer.status == 404:
            return VoidResult.VOIDED
        try:
            return VoidResult(answer.text("result"))
        except ValueError:
            raise answer.trouble("result is not a known one") from None

    def intercept(self, shipment_id: str, reason: str, key: str) -> InterceptionRequest:
        """Ask the carrier to stop a parcel under way and bring it back."""
        answer = self._ask(shipment_id, "intercept", reason, key, (200,))
        match answer.text("result"):
            case "asked":
                return InterceptionRequest(asked=True, reason="")
            case "refused":
                return InterceptionRequest(asked=False, reason=answer.text("reason"))
        raise answer.trouble("result is not a known one")

    def _ask(self, shipment_id: str, what: str, reason: str, key: str, expected: tuple[int, ...]) -> Answer:
        path = f"/shipments/{segment(shipment_id)}/{what}"
        return self._http.post(path, {"reason": reason}, key, refusal=CarrierRefused, expected=expected)
