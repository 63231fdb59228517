"""Client of the TMS, which leads to all carriers: book, void, intercept and reroute parcels."""

from collections.abc import Mapping
from typing import Any

from domain.errors import CarrierRefused
from integrations.bookings import (
    Booking,
    BookingRequest,
    CarrierClient,
    InterceptionRequest,
    RerouteAnswer,
    ReturnBookingRequest,
    VoidResult,
)
from integrations.carriers.dhl import DhlExpress
from integrations.carriers.jd import JdLogistics
from integrations.carriers.sf import SfExpress
from integrations.circuit import Circuits
from integrations.http import PartnerHttp, segment

TMS_FORMAT = "tms"


class Tms:
    """Uses a carrier's own format where there is one (`by`), the TMS's for all others. Each of the former has a circuit
    of its own, so that one silent carrier does not stop the others."""

    def __init__(self, http: PartnerHttp, circuits: Circuits | None = None) -> None:
        self._http = http
        self._tms = TmsApi(http)
        circuits = circuits or Circuits()
        self._carriers: Mapping[str, CarrierClient] = {
            "sf": SfExpress(http.with_circuit(circuits.of("tms sf"))),
            "jd": JdLogistics(http.with_circuit(circuits.of("tms jd"))),
            "dhl": DhlExpress(http.with_circuit(circuits.of("tms dhl")), self._tms),
            TMS_FORMAT: self._tms,
        }

    def book(self, request: BookingRequest, key: str, by: str = TMS_FORMAT) -> Booking:
        """Book the carrier that the request names, in the format `by`. Raises CarrierRefused."""
        return self._carrier(by).book(request, key)

    def void(self, shipment_id: str, reason: str, key: str, by: str = TMS_FORMAT) -> VoidResult:
        """Cancel a booking. One that was never made counts as voided."""
        return self._carrier(by).void(shipment_id, reason, key)

    def intercept(
        self, shipment_id: str, waybill: str, reason: str, key: str, by: str = TMS_FORMAT
    ) -> InterceptionRequest:
        """Ask the carrier to stop a parcel in transit and bring it back."""
        return self._carrier(by).intercept(shipment_id, waybill, reason, key)

    def reroute(self, shipment_id: str, ship_to: dict[str, Any], key: str) -> RerouteAnswer:
        """Ask for another address for a parcel in transit; the TMS does this for every carrier."""
        return self._tms.reroute(shipment_id, ship_to, key)

    def book_return(self, request: ReturnBookingRequest, key: str) -> Booking:
        """Have a carrier collect goods from a customer and bring them to a location. Raises CarrierRefused."""
        return self._tms.book_return(request, key)

    def void_return(self, return_id: str, reason: str, key: str) -> VoidResult:
        """Cancel the booking of a return. One that was never made counts as voided."""
        return self._tms.void_return(return_id, reason, key)

    def _carrier(self, by: str) -> CarrierClient:
        return self._carriers.get(by, self._carriers[TMS_FORMAT])


class TmsApi:
    """The TMS's own format (docs/partners.md), for every carrier that it knows."""

    def __init__(self, http: PartnerHttp) -> None:
        self._http = http

    def book(self, request: BookingRequest, key: str) -> Booking:
        """Book the named carrier, or let the TMS choose one. Raises CarrierRefused."""
        body: dict[str, object] = {**request, "from": request["origin"]}
        del body["origin"]
        answer = self._http.post("/shipments", body, key, refusal=CarrierRefused, expected=(201,))
        return Booking(answer.text("carrier"), answer.text("waybill"))

    def void(self, shipment_id: str, reason: str, key: str) -> VoidResult:
        """Cancel a booking. If its request arrives later, the TMS does not book it."""
        return self._void(f"/shipments/{segment(shipment_id)}", reason, key)

    def book_return(self, request: ReturnBookingRequest, key: str) -> Booking:
        body: dict[str, object] = {**request, "from": request["ship_from"]}
        del body["ship_from"]
        answer = self._http.post("/return-shipments", body, key, refusal=CarrierRefused, expected=(201,))
        return Booking(answer.text("carrier"), answer.text("waybill"))

    def void_return(self, return_id: str, reason: str, key: str) -> VoidResult:
        """As `void`, for a return."""
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

    def intercept(self, shipment_id: str, waybill: str, reason: str, key: str) -> InterceptionRequest:
        path = f"/shipments/{segment(shipment_id)}/intercept"
        answer = self._http.post(path, {"reason": reason}, key, refusal=CarrierRefused)
        match answer.text("result"):
            case "asked":
                return InterceptionRequest(asked=True, reason="")
            case "refused":
                return InterceptionRequest(asked=False, reason=answer.free_text("reason"))
        raise answer.trouble("result is not a known one")

    def reroute(self, shipment_id: str, ship_to: dict[str, Any], key: str) -> RerouteAnswer:
        """Ask the carrier to deliver a parcel in transit to another address. Raises CarrierRefused."""
        path = f"/shipments/{segment(shipment_id)}/address"
        answer = self._http.post(path, {"ship_to": ship_to}, key, refusal=CarrierRefused)
        match answer.text("result"):
            case "accepted":
                return RerouteAnswer(accepted=True, reason="")
            case "refused":
                return RerouteAnswer(accepted=False, reason=answer.free_text("reason"))
        raise answer.trouble("result is not a known one")
