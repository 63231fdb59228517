"""The TMS's return shipments: goods are collected from a customer and brought to a location."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.routing import Route

from simulators import carriers, troubles
from simulators.callbacks import rfc3339
from simulators.endpoints import Body, Endpoints
from simulators.problems import Problem
from simulators.shapes import LINES, SHIP_TO, optional_text
from simulators.troubles import Trouble
from simulators.world import Subject, World

PICKUP = {
    **dict.fromkeys(("return_id", "order_id", "channel_order_id"), str),
    "from": SHIP_TO,
    "to": {"location_id": str, "country": str, "region": optional_text},
    "lines": LINES,
}


@dataclass(slots=True)
class Pickup:
    """The collection of one return; `carrier` is empty if it was voided before it arrived."""

    carrier: str = ""
    waybill: str = ""
    status: str = "booked"
    task: asyncio.Task[None] | None = None


@dataclass(slots=True)
class TmsReturns:
    world: World
    endpoints: Endpoints
    pickups: dict[str, Pickup] = field(default_factory=dict)

    def routes(self) -> list[Route]:
        one, endpoints = "/return-shipments/{id:path}", self.endpoints
        return [
            Route("/return-shipments", endpoints.idempotent(PICKUP, self._book), methods=["POST"]),
            Route(one + "/void", endpoints.idempotent({"reason": str}, self._void), methods=["POST"]),
        ]

    def _book(self, request: Request, body: Body) -> tuple[int, Body]:
        number, named_troubles = body["return_id"], troubles.of_order(body)
        if Trouble.UNDELIVERABLE in named_troubles:
            raise Problem(422, "undeliverable", "no carrier goes to this address")
        pickup = self.pickups.get(number)
        if pickup is None:
            route = {"from": body["to"], "ship_to": body["from"]}
            carrier = carriers.choose(route)
            pickup = self.pickups[number] = Pickup(carrier, carriers.waybill(number, carrier))
            pickup.task = self.world.begin(self._bring(body, pickup))
        if pickup.status == "voided":
            raise Problem(409, "voided", "the booking was voided")
        return 201, {"carrier": pickup.carrier, "waybill": pickup.waybill}

    def _void(self, request: Request, body: Body) -> tuple[int, Body]:
        number = request.path_params["id"]
        if number not in self.pickups:
            self.pickups[number] = Pickup(status="voided")
            raise Problem(404, "unknown", "it was never booked; a later booking will be refused")
        pickup = self.pickups[number]
        if pickup.status not in ("booked", "voided"):
            return 200, {"result": "too_late"}
        if pickup.task:
            pickup.task.cancel()
        pickup.status = "voided"
        return 200, {"result": "voided"}

    async def _bring(self, body: Body, pickup: Pickup) -> None:
        subject = Subject(body["order_id"], troubles.of_order(body))
        for status in ("in_transit", "delivered"):
            await self.world.steps()
            pickup.status = status
            data = {"return_id": body["return_id"], "waybill": pickup.waybill, "status": status}
            data |= {"occurred_at": rfc3339(datetime.now(UTC)), "note": status.replace("_", " ")}
            number = f"{body['return_id']}:{status}"
            self.world.tell(subject, self.world.event(subject, "tms", number, "return.tracking_updated", data))
