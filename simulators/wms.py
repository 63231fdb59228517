"""The warehouse: picks and packs fulfillment orders, finds too little, or rejects them."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from simulators import troubles
from simulators.callbacks import rfc3339
from simulators.endpoints import Body, Endpoints
from simulators.problems import Problem
from simulators.shapes import LINES, SHIP_TO, anything_in, optional_text
from simulators.statements import Line, Statements
from simulators.stockroom import Stockroom
from simulators.troubles import Trouble
from simulators.world import Subject, World

FULFILLMENT_ORDER = {
    **dict.fromkeys(("fulfillment_order_id", "order_id", "channel", "channel_order_id", "location_id"), str),
    "lines": LINES,
    "ship_to": SHIP_TO,
    "priority?": int,
    "delivery_method?": optional_text,
    "pack_together?": optional_text,
    "instructions?": anything_in,
}

EMPTY_PARCEL_GRAMS, UNIT_GRAMS = 200, 300
CARTON = {"length_mm": 400, "width_mm": 300, "height_mm": 250, "packaging": "carton"}
LEFT_THE_WAREHOUSE = ("handed_over", "returned")

Lines = list[dict[str, Any]]


@dataclass(slots=True)
class Work:
    """One fulfillment order in the warehouse; `request` is empty if it was recalled before it arrived."""

    request: Body
    status: str = "accepted"
    task: asyncio.Task[None] | None = None
    changed_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    found: Lines = field(default_factory=list)

    def set_status(self, status: str) -> None:
        self.status, self.changed_at = status, datetime.now(UTC)


@dataclass(slots=True)
class Wms:
    world: World
    endpoints: Endpoints
    works: dict[str, Work] = field(default_factory=dict)
    first_locations: dict[str, str] = field(default_factory=dict)
    """The first location that got work of each order."""
    short_picked: set[str] = field(default_factory=set)
    """Orders that were already picked short once."""
    stockroom: Stockroom = field(default_factory=Stockroom)

    def routes(self) -> list[Route]:
        one, endpoints = "/fulfillment-orders/{id:path}", self.endpoints
        create = endpoints.idempotent(FULFILLMENT_ORDER, self._create, subject="fulfillment_order_id")
        return [
            Route("/fulfillment-orders", create, methods=["POST"]),
            Route(one + "/recall", endpoints.idempotent({"reason": str}, self._recall), methods=["POST"]),
            Route(one, endpoints.view(self._look), methods=["GET"]),
            Route("/forget", endpoints.control({}, self._forget), methods=["POST"]),
            *Statements(endpoints, {"fulfillment-orders": self.statement, "stock": self.stockroom.statement}).routes(),
        ]

    def statement(self) -> Iterable[Line]:
        """The work that came by this API; Qimen's has no location id and is not listed."""
        for number, work in self.works.items():
            if "location_id" in work.request:
                entry = {"fulfillment_order_id": number, "status": work.status, "changed_at": rfc3339(work.changed_at)}
                yield Line(work.changed_at, number, entry)

    def hand_over(self, fulfillment_order_id: str) -> None:
        """Give the parcel to the carrier; from now on a recall is too late."""
        if work := self.works.get(fulfillment_order_id):
            work.set_status("handed_over")
            self.stockroom.move(work.request.get("location_id", ""), work.found, -1)

    def take_back(self, fulfillment_order_id: str, location_id: str, subject: Subject) -> None:
        """Receive a parcel that the carrier brought back."""
        if work := self.works.get(fulfillment_order_id):
            work.set_status("returned")
            self.stockroom.move(location_id, work.found, 1)
        self._tell(subject, fulfillment_order_id, "returned", {"location_id": location_id})

    def _create(self, request: Request, body: Body) -> tuple[int, Body]:
        number = body["fulfillment_order_id"]
        work = self.works.get(number)
        if work is None:
            work = self.works[number] = Work(body)
            work.task = self.world.begin(self._fulfill(work))
        if not work.request:
            raise Problem(409, "pick_rejected", "it was recalled before it came")
        return 202, {"wms_reference": f"WMS-{number}"}

    def _recall(self, request: Request, body: Body) -> tuple[int, Body]:
        number = request.path_params["id"]
        if number not in self.works:
            self.works[number] = Work({}, "recalled")
            raise Problem(404, "unknown", "it never came; if it comes later, it is not picked")
        work = self.works[number]
        if work.status in LEFT_THE_WAREHOUSE:
            return 200, {"result": "too_late"}
        if work.task:
            work.task.cancel()
        work.set_status("recalled")
        return 200, {"result": "recalled"}

    def _look(self, request: Request, body: Body) -> tuple[int, Body]:
        number = request.path_params["id"]
        if number not in self.works:
            raise Problem(404, "unknown", "it never came")
        work = self.works[number]
        return 200, {"status": work.status, "request": work.request, "times_asked": self.endpoints.calls[number]}

    def _forget(self, request: Request, body: Body) -> tuple[int, Body]:
        """Forget all work, as if a new machine without data had taken over; the stock stays."""
        forgotten = len(self.works)
        for work in self.works.values():
            if work.task:
                work.task.cancel()
        self.works.clear()
        self.endpoints.forget()
        return 200, {"forgotten": forgotten}

    async def _fulfill(self, work: Work) -> None:
        order, number = work.request, work.request["fulfillment_order_id"]
        subject = Subject(order["order_id"], troubles.of_order(order))
        first_location = self.first_locations.setdefault(subject.stream, order["location_id"])
        await self.world.steps()
        if Trouble.PICK_REJECTED in subject.troubles and order["location_id"] == first_location:
            work.set_status("rejected")
            self._tell(subject, number, "rejected", {"reason": "the location cannot pick this order"})
        else:
            await self._pick_and_pack(work, subject)

    async def _pick_and_pack(self, work: Work, subject: Subject) -> None:
        number = work.request["fulfillment_order_id"]
        work.set_status("picking")
        self._tell(subject, number, "picking", {})
        await self.world.steps()
        work.set_status("picked")
        work.found = found = self.find(work.request, subject)
        picked_is_late = Trouble.LATE_WEBHOOK in subject.troubles
        if not picked_is_late:
            self._tell(subject, number, "picked", {"lines": found})
        await self.world.steps()
        # An empty box is not packed.
        if units := sum(line["quantity"] for line in found):
            work.set_status("packed")
            weight = EMPTY_PARCEL_GRAMS + UNIT_GRAMS * units
            parcel = {**CARTON, "weight_grams": weight, "lines": [line for line in found if line["quantity"]]}
            self._tell(subject, number, "packed", {"parcels": [parcel]})
        if picked_is_late:
            self._tell(subject, number, "picked", {"lines": found})

    def find(self, order: Body, subject: Subject) -> Lines:
        """The lines found: all units, or with SHORT-PICK one unit less of one SKU at the first attempt."""
        lines: Lines = [{"sku": line["sku"], "quantity": line["quantity"]} for line in order["lines"]]
        if Trouble.SHORT_PICK in subject.troubles and subject.stream not in self.short_picked:
            short = next((line for line in lines if Trouble.SHORT_PICK in line["sku"]), None)
            if short is None and Trouble.SHORT_PICK in order["channel_order_id"]:
                short = lines[0]
            if short:
                self.short_picked.add(subject.stream)
                short["quantity"] -= 1
        return lines

    def _tell(self, subject: Subject, number: str, what: str, data: Body) -> None:
        kind = f"fulfillment_order.{what}"
        data = {"fulfillment_order_id": number, **data}
        self.world.tell(subject, self.world.event(subject, "wms", f"{number}:{kind}", kind, data))
