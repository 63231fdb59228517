"""The carriers: one is chosen for each shipment and carries it, loses it, or brings it back."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from simulators import carriers, mishaps, troubles
from simulators.callbacks import Event, rfc3339
from simulators.desk import Body, Desk
from simulators.problems import Problem
from simulators.shapes import LINES, SHIP_TO, anything_in, optional_text, texts
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
CANNOT_TURN = ("voided", "delivered", "exception", "intercepted", "return_to_sender", "returned")


@dataclass(slots=True)
class Shipment:
    """One parcel; `request` is empty when the booking was voided before it came."""

    request: Body
    status: str = "booked"
    carrier: str = ""
    waybill: str = ""
    subject: Subject = field(default_factory=lambda: Subject("", frozenset()))
    life: asyncio.Task[None] | None = None
    reports: int = 0


@dataclass(slots=True)
class Tms:
    world: World
    desk: Desk
    wms: Wms
    shipments: dict[str, Shipment] = field(default_factory=dict)

    def routes(self) -> list[Route]:
        one, desk, reason = "/shipments/{id:path}", self.desk, {"reason": str}
        return [
            Route("/shipments", desk.change(SHIPMENT, self._book, subject="shipment_id"), methods=["POST"]),
            Route(one + "/void", desk.change(reason, self._void), methods=["POST"]),
            Route(one + "/intercept", desk.change(reason, self._intercept), methods=["POST"]),
            Route(one + "/address", desk.change({"ship_to": SHIP_TO}, self._reroute), methods=["POST"]),
            Route(one, desk.view(self._look), methods=["GET"]),
        ]

    def _book(self, request: Request, body: Body) -> tuple[int, Body]:
        number, named = body["shipment_id"], troubles.of_order(body)
        if Trouble.CARRIER_DOWN in named and self.desk.asked[number] <= FAILED_BOOKINGS_WHEN_DOWN:
            raise Problem(503, "carrier_down", "the carrier does not answer")
        if Trouble.UNDELIVERABLE in named:
            raise Problem(422, "undeliverable", "no carrier goes to this address")
        shipment = self.shipments.get(number)
        if shipment is None:
            carrier, waybill = carriers.choose(body), carriers.waybill(number)
            subject = Subject(body["order_id"], named)
            shipment = self.shipments[number] = Shipment(body, "booked", carrier, waybill, subject)
            shipment.life = self.world.begin(self._carry(shipment))
        if shipment.status == "voided":
            raise Problem(409, "voided", "the booking was voided")
        return 201, {"carrier": shipment.carrier, "waybill": shipment.waybill}

    def _void(self, request: Request, body: Body) -> tuple[int, Body]:
        number = request.path_params["id"]
        if number not in self.shipments:
            self.shipments[number] = Shipment({}, "voided")
            raise Problem(404, "unknown", "it was never booked; should it still come, it is not carried")
        shipment = self.shipments[number]
        if shipment.status not in ("booked", "voided"):
            return 200, {"result": "too_late"}
        if shipment.life:
            shipment.life.cancel()
        shipment.status = "voided"
        return 200, {"result": "voided"}

    def _intercept(self, request: Request, body: Body) -> tuple[int, Body]:
        shipment = self._find(request)
        if shipment.status in ("intercepted", "return_to_sender", "returned"):
            return 200, {"result": "asked", "reason": "it is already on its way back"}
        if shipment.status in ("voided", "delivered", "exception"):
            return 200, {"result": "refused", "reason": f"the parcel is {shipment.status}"}
        if Trouble.LOST_PARCEL in shipment.subject.troubles and shipment.status == "in_transit":
            self.world.begin(self._answer(shipment, accepted=False, reason="the parcel cannot be found"))
        else:
            if shipment.life:
                shipment.life.cancel()
            shipment.status = "intercepted"
            shipment.life = self.world.begin(self._bring_back(shipment))
        return 200, {"result": "asked", "reason": "the depot is asked to stop it"}

    def _reroute(self, request: Request, body: Body) -> tuple[int, Body]:
        shipment = self._find(request)
        if shipment.status in CANNOT_TURN:
            return 200, {"result": "refused", "reason": f"the parcel is {shipment.status}"}
        shipment.request = {**shipment.request, "ship_to": body["ship_to"]}
        return 200, {"result": "accepted", "reason": ""}

    def _look(self, request: Request, body: Body) -> tuple[int, Body]:
        shipment = self._find(request)
        known = {"status": shipment.status, "carrier": shipment.carrier, "waybill": shipment.waybill}
        number = request.path_params["id"]
        return 200, {**known, "request": shipment.request, "times_asked": self.desk.asked[number]}

    def _find(self, request: Request) -> Shipment:
        try:
            return self.shipments[request.path_params["id"]]
        except KeyError:
            raise Problem(404, "unknown", "it was never booked") from None

    async def _carry(self, shipment: Shipment) -> None:
        named, told = shipment.subject.troubles, []
        for status, steps in mishaps.journey(named) or carriers.journey(named):
            await self.world.steps(steps)
            shipment.status = status
            if status == "in_transit":
                for number in shipment.request["fulfillment_order_ids"]:
                    self.wms.hand_over(number)
            told.append(self._tracking(shipment, status))
            if Trouble.LATE_WEBHOOK not in named:
                self.world.tell(shipment.subject, told.pop())
        self.world.tell(shipment.subject, *reversed(told))
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
        data |= {"occurred_at": rfc3339(datetime.now(UTC)), "note": status.replace("_", " ")}
        data |= mishaps.words(shipment.subject.troubles, status)
        shipment.reports += 1
        name = f"{number}:{status}:{shipment.reports}"
        return self.world.event(shipment.subject, "tms", name, "shipment.tracking_updated", data)
