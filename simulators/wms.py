"""The warehouse: it picks and packs what it is asked, finds too little or says no."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from simulators import troubles
from simulators.callbacks import rfc3339
from simulators.desk import Body, Desk
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
OUT_OF_THE_HOUSE = ("handed_over", "returned")

Lines = list[dict[str, Any]]


@dataclass(slots=True)
class Work:
    """One fulfillment order in the warehouse; `request` is empty when it was recalled before it came."""

    request: Body
    status: str = "accepted"
    life: asyncio.Task[None] | None = None
    changed_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    found: Lines = field(default_factory=list)

    def turn(self, status: str) -> None:
        self.status, self.changed_at = status, datetime.now(UTC)


@dataclass(slots=True)
class Wms:
    world: World
    desk: Desk
    works: dict[str, Work] = field(default_factory=dict)
    first_locations: dict[str, str] = field(default_factory=dict)
    """By order: the location that was asked first."""
    short_picked: set[str] = field(default_factory=set)
    """Orders that were found short once already."""
    stockroom: Stockroom = field(default_factory=Stockroom)

    def routes(self) -> list[Route]:
        one, desk = "/fulfillment-orders/{id:path}", self.desk
        create = desk.change(FULFILLMENT_ORDER, self._create, subject="fulfillment_order_id")
        return [
            Route("/fulfillment-orders", create, methods=["POST"]),
            Route(one + "/recall", desk.change({"reason": str}, self._recall), methods=["POST"]),
            Route(one, desk.view(self._look), methods=["GET"]),
            Route("/forget", desk.poke({}, self._forget), methods=["POST"]),
            *Statements(desk, {"fulfillment-orders": self.statement, "stock": self.stockroom.statement}).routes(),
        ]

    def statement(self) -> Iterable[Line]:
        """Of the work of its own house; what came in Qimen's words is listed in them."""
        for number, work in self.works.items():
            if "location_id" in work.request:
                told = {"fulfillment_order_id": number, "status": work.status, "changed_at": rfc3339(work.changed_at)}
                yield Line(work.changed_at, number, told)

    def hand_over(self, fulfillment_order_id: str) -> None:
        """The carrier took the parcel, so that it can no longer be recalled."""
        if work := self.works.get(fulfillment_order_id):
            work.turn("handed_over")
            self.stockroom.move(work.request.get("location_id", ""), work.found, -1)

    def take_back(self, fulfillment_order_id: str, location_id: str, subject: Subject) -> None:
        """A parcel is back in the house."""
        if work := self.works.get(fulfillment_order_id):
            work.turn("returned")
            self.stockroom.move(location_id, work.found, 1)
        self._tell(subject, fulfillment_order_id, "returned", {"location_id": location_id})

    def _create(self, request: Request, body: Body) -> tuple[int, Body]:
        number = body["fulfillment_order_id"]
        work = self.works.get(number)
        if work is None:
            work = self.works[number] = Work(body)
            work.life = self.world.begin(self._fulfill(work))
        if not work.request:
            raise Problem(409, "pick_rejected", "it was recalled before it came")
        return 202, {"wms_reference": f"WMS-{number}"}

    def _recall(self, request: Request, body: Body) -> tuple[int, Body]:
        number = request.path_params["id"]
        if number not in self.works:
            self.works[number] = Work({}, "recalled")
            raise Problem(404, "unknown", "it never came; should it still come, it is not picked")
        work = self.works[number]
        if work.status in OUT_OF_THE_HOUSE:
            return 200, {"result": "too_late"}
        if work.life:
            work.life.cancel()
        work.turn("recalled")
        return 200, {"result": "recalled"}

    def _look(self, request: Request, body: Body) -> tuple[int, Body]:
        number = request.path_params["id"]
        if number not in self.works:
            raise Problem(404, "unknown", "it never came")
        work = self.works[number]
        return 200, {"status": work.status, "request": work.request, "times_asked": self.desk.asked[number]}

    def _forget(self, request: Request, body: Body) -> tuple[int, Body]:
        """Another machine takes over, which knows of no work. What lies on the shelves lies there still."""
        forgotten = len(self.works)
        for work in self.works.values():
            if work.life:
                work.life.cancel()
        self.works.clear()
        self.desk.forget()
        return 200, {"forgotten": forgotten}

    async def _fulfill(self, work: Work) -> None:
        order, number = work.request, work.request["fulfillment_order_id"]
        subject = Subject(order["order_id"], troubles.of_order(order))
        first_location = self.first_locations.setdefault(subject.stream, order["location_id"])
        await self.world.steps()
        if Trouble.PICK_REJECTED in subject.troubles and order["location_id"] == first_location:
            work.turn("rejected")
            self._tell(subject, number, "rejected", {"reason": "the location cannot pick this order"})
        else:
            await self._pick_and_pack(work, subject)

    async def _pick_and_pack(self, work: Work, subject: Subject) -> None:
        number = work.request["fulfillment_order_id"]
        work.turn("picking")
        self._tell(subject, number, "picking", {})
        await self.world.steps()
        work.turn("picked")
        work.found = found = self.find(work.request, subject)
        picked_is_late = Trouble.LATE_WEBHOOK in subject.troubles
        if not picked_is_late:
            self._tell(subject, number, "picked", {"lines": found})
        await self.world.steps()
        # Nobody packs an empty box.
        if units := sum(line["quantity"] for line in found):
            work.turn("packed")
            weight = EMPTY_PARCEL_GRAMS + UNIT_GRAMS * units
            parcel = {**CARTON, "weight_grams": weight, "lines": [line for line in found if line["quantity"]]}
            self._tell(subject, number, "packed", {"parcels": [parcel]})
        if picked_is_late:
            self._tell(subject, number, "picked", {"lines": found})

    def find(self, order: Body, subject: Subject) -> Lines:
        """What lies on the shelf: everything, or one unit less of one SKU the first time the order is picked."""
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
