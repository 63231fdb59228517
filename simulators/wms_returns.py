"""The warehouse's returns: announced returns are received and inspected."""

from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from simulators import troubles
from simulators.endpoints import Body, Endpoints
from simulators.shapes import LINES
from simulators.stockroom import Stockroom
from simulators.world import Subject, World

NOTICE = {**dict.fromkeys(("return_id", "order_id", "channel_order_id", "location_id"), str), "lines": LINES}


@dataclass(slots=True)
class WmsReturns:
    world: World
    endpoints: Endpoints
    stockroom: Stockroom
    announced: set[str] = field(default_factory=set)

    def routes(self) -> list[Route]:
        return [Route("/returns", self.endpoints.idempotent(NOTICE, self._announce), methods=["POST"])]

    def _announce(self, request: Request, body: Body) -> tuple[int, Body]:
        number = body["return_id"]
        if number not in self.announced:
            self.announced.add(number)
            self.world.begin(self._take_in(body))
        return 202, {"wms_reference": f"WMS-{number}"}

    async def _take_in(self, notice: Body) -> None:
        lines = [{"sku": line["sku"], "quantity": line["quantity"]} for line in notice["lines"]]
        await self.world.steps()
        self.stockroom.move(notice["location_id"], lines, 1)
        self._tell(notice, "received", {"location_id": notice["location_id"], "lines": lines})
        await self.world.steps()
        self._tell(notice, "inspected", {"lines": [{**line, **_verdict(line)} for line in lines]})

    def _tell(self, notice: Body, what: str, data: Body) -> None:
        subject, number = Subject(notice["order_id"], troubles.of_order(notice)), notice["return_id"]
        kind = f"return.{what}"
        data = {"return_id": number, **data}
        self.world.tell(subject, self.world.event(subject, "wms", f"{number}:{kind}", kind, data))


def _verdict(line: dict[str, Any]) -> dict[str, str]:
    if "DAMAGED" in line["sku"]:
        return {"disposition": "quarantine", "grade": "C"}
    return {"disposition": "restock", "grade": "A"}
