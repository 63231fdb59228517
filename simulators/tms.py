"""The TMS and its carriers: book, void, intercept and reroute shipments, and report their tracking."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from simulators import carriers, troubles
from simulators.callbacks import Event, rfc3339
from simulators.endpoints import Body, Endpoints
from simulators.problems import Problem
from simulators.shapes import LINES, SHIP_TO, anything_in, optional_text, texts
from simulators.statements import Line, Statements
from simulators.troubles import Trouble
from simulators.wms import Wms
from simulators.world import Subject, World

SHIPMENT = {
    **dict.fromkeys(("shipment_id", "fulfillment_order_id", "order_id", "channel_order_id"), str),
    "fulfillment_order_ids": texts,
    "from": {"location_id": str, "country": str, "region": optional_text},
    "ship_to": SHIP_TO,
    "lines": LINES,
    "parcels": [{"weight_grams": int}],
    "carrier?": str,
    "instructions?": anything_in,
}
FAILED_BOOKINGS_WHEN_DOWN = 3
CANNOT_REROUTE = ("voided", "delivered", "exception", "intercepted", "return_to_sender", "returned")


@dataclass(slots=True)
class Shipment:
    """One parcel; `request` is the booking as in docs/partners.md, empty if it was voided before it arrived."""

    request: Body
    status: str = "booked"
    carrier: str = ""
    waybill: str = ""
    subject: Subject = field(default_factory=lambda: Subject("", frozenset()))
    task: asyncio.Task[None] | None = None
    reports: int = 0
    tracked: str = "pre_transit"
    tracked_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    """The tracking status as the statement shows it, and since when."""


@dataclass(slots=True)
class Tms:
    world: World
    endpoints: Endpoints
    wms: Wms
    shipments: dict[str, Shipment] = field(default_factory=dict)
    refused_once: set[str] = field(default_factory=set)

    def routes(self) -> list[Route]:
        one, endpoints, reason = "/shipments/{id:path}", self.endpoints, {"reason": str}
        return [
            Route("/shipments", endpoints.idempotent(SHIPMENT, self._book, subject="shipment_id"), methods=["POST"]),
            Route(one + "/void", endpoints.idempotent(reason, self._void), methods=["POST"]),
            Route(one + "/intercept", endpoints.idempotent(reason, self._intercept), methods=["POST"]),
            Route(one + "/address", endpoints.idempotent({"ship_to": SHIP_TO}, self._reroute), methods=["POST"]),
            Route(one, endpoints.view(self._look), methods=["GET"]),
            Route("/forget", endpoints.control({}, self._forget), methods=["POST"]),
            *Statements(endpoints, {"shipments": self.statement}).routes(),
        ]

    def statement(self) -> Iterable[Line]:
        for number, shipment in self.shipments.items():
            if shipment.request and Trouble.FORGOTTEN_SHIPMENT not in shipment.subject.troubles:
                entry = {"shipment_id": number, "waybill": shipment.waybill, "status": shipment.tracked}
                entry["occurred_at"] = rfc3339(shipment.tracked_at)
                yield Line(shipment.tracked_at, number, entry)

    def _forget(self, request: Request, body: Body) -> tuple[int, Body]:
        """Forget all shipments, as if a new machine without data had taken over."""
        forgotten = len(self.shipments)
        for shipment in self.shipments.values():
            if shipment.task:
                shipment.task.cancel()
        self.shipments.clear()
        self.endpoints.forget()
        return 200, {"forgotten": forgotten}

    def accept(self, booking: Body, carrier: str) -> Shipment:
        """Book a parcel with a carrier; the same shipment id again is the same parcel. Raises Problem."""
        number, named_troubles = booking["shipment_id"], troubles.of_order(booking)
        if Trouble.CARRIER_DOWN in named_troubles and self.endpoints.calls[number] <= FAILED_BOOKINGS_WHEN_DOWN:
            raise Problem(503, "carrier_down", "the carrier does not answer")
        if Trouble.UNDELIVERABLE in named_troubles:
            raise Problem(422, "undeliverable", "no carrier goes to this address")
        if (
            number not in self.shipments
            and Trouble.CARRIER_REFUSES in named_troubles
            and number not in self.refused_once
        ):
            self.refused_once.add(number)
            raise Problem(422, "carrier_refused", f"{carrier} does not take this parcel")
        shipment = self.shipments.get(number)
        if shipment is None:
            subject = Subject(booking["order_id"], named_troubles)
            shipment = Shipment(booking, "booked", carrier, carriers.waybill(number, carrier), subject)
            self.shipments[number] = shipment
            shipment.task = self.world.begin(self._carry(shipment))
        if shipment.status == "voided":
            raise Problem(409, "voided", "the booking was voided")
        return shipment

    def void(self, number: str) -> str:
        """Void a booking: `voided`, `too_late`, or `unknown`; an unknown one is refused if it arrives later."""
        if number not in self.shipments:
            self.shipments[number] = Shipment({}, "voided")
            return "unknown"
        shipment = self.shipments[number]
        if shipment.status not in ("booked", "voided"):
            return "too_late"
        if shipment.task:
            shipment.task.cancel()
        shipment.status = shipment.tracked = "voided"
        shipment.tracked_at = datetime.now(UTC)
        return "voided"

    def intercept(self, number: str) -> Body:
        """Try to stop a parcel in transit: `result` is asked or refused, `reason` says why. Raises Problem."""
        shipment = self._find(number)
        if shipment.status in ("intercepted", "return_to_sender", "returned"):
            return {"result": "asked", "reason": "it is already on its way back"}
        if shipment.status in ("voided", "delivered", "exception"):
            return {"result": "refused", "reason": f"the parcel is {shipment.status}"}
        if Trouble.LOST_PARCEL in shipment.subject.troubles and shipment.status == "in_transit":
            self.world.begin(self._answer(shipment, accepted=False, reason="the parcel cannot be found"))
        else:
            if shipment.task:
                shipment.task.cancel()
            shipment.status = "intercepted"
            shipment.task = self.world.begin(self._bring_back(shipment))
        return {"result": "asked", "reason": "the depot is asked to stop it"}

    def _book(self, request: Request, body: Body) -> tuple[int, Body]:
        shipment = self.accept(body, body.get("carrier") or carriers.choose(body))
        return 201, {"carrier": shipment.carrier, "waybill": shipment.waybill}

    def _void(self, request: Request, body: Body) -> tuple[int, Body]:
        result = self.void(request.path_params["id"])
        if result == "unknown":
            raise Problem(404, "unknown", "it was never booked; a later booking will be refused")
        return 200, {"result": result}

    def _intercept(self, request: Request, body: Body) -> tuple[int, Body]:
        return 200, self.intercept(request.path_params["id"])

    def _reroute(self, request: Request, body: Body) -> tuple[int, Body]:
        shipment = self._find(request.path_params["id"])
        if shipment.status in CANNOT_REROUTE:
            return 200, {"result": "refused", "reason": f"the parcel is {shipment.status}"}
        shipment.request = {**shipment.request, "ship_to": body["ship_to"]}
        return 200, {"result": "accepted", "reason": ""}

    def _look(self, request: Request, body: Body) -> tuple[int, Body]:
        shipment = self._find(request.path_params["id"])
        known = {"status": shipment.status, "carrier": shipment.carrier, "waybill": shipment.waybill}
        number = request.path_params["id"]
        return 200, {**known, "request": shipment.request, "times_asked": self.endpoints.calls[number]}

    def _find(self, number: str) -> Shipment:
        try:
            return self.shipments[number]
        except KeyError:
            raise Problem(404, "unknown", "it was never booked") from None

    async def _carry(self, shipment: Shipment) -> None:
        named_troubles, events = shipment.subject.troubles, []
        for status, steps in carriers.journey(named_troubles):
            await self.world.steps(steps)
            shipment.status = status
            if status == "in_transit":
                for number in shipment.request["fulfillment_order_ids"]:
                    self.wms.hand_over(number)
            events.append(self._tracking(shipment, status))
            if status == "delivered" and Trouble.UNTOLD_DELIVERY in named_troubles:
                events.pop()
            elif Trouble.LATE_WEBHOOK not in named_troubles:
                self.world.tell(shipment.subject, events.pop())
        self.world.tell(shipment.subject, *reversed(events))
        if shipment.status == "return_to_sender":
            await self._take_back(shipment)

    async def _bring_back(self, shipment: Shipment) -> None:
        await self._answer(shipment, accepted=True, reason="the parcel was stopped")
        await self.world.steps()
        self.world.tell(shipment.subject, self._tracking(shipment, "return_to_sender"))
        await self._take_back(shipment)

    async def _take_back(self, shipment: Shipment) -> None:
        order = shipment.request
        await self.world.steps()
        shipment.status = "returned"
        for number in order["fulfillment_order_ids"]:
            self.wms.take_back(number, order["from"]["location_id"], shipment.subject)

    async def _answer(self, shipment: Shipment, *, accepted: bool, reason: str) -> None:
        await self.world.steps()
        number = shipment.request["shipment_id"]
        data = {"shipment_id": number, "waybill": shipment.waybill, "accepted": accepted, "reason": reason}
        kind = "shipment.interception_answered"
        self.world.tell(shipment.subject, self.world.event(shipment.subject, "tms", f"{number}:{kind}", kind, data))

    def _tracking(self, shipment: Shipment, status: str) -> Event:
        number = shipment.request["shipment_id"]
        data: dict[str, Any] = {"shipment_id": number, "waybill": shipment.waybill, "status": status}
        shipment.tracked, shipment.tracked_at = status, datetime.now(UTC)
        data |= {"occurred_at": rfc3339(shipment.tracked_at), "note": status.replace("_", " ")}
        data |= carriers.tracking_details(shipment.subject.troubles, status)
        shipment.reports += 1
        name = f"{number}:{status}:{shipment.reports}"
        return self.world.event(shipment.subject, "tms", name, "shipment.tracking_updated", data)
