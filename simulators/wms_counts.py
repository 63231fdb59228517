"""The warehouse's stocktaking: counts that people or tests enter are sent to Baton."""

from dataclasses import dataclass
from functools import partial

from starlette.requests import Request
from starlette.routing import Route

from simulators import troubles
from simulators.endpoints import Body, Endpoints
from simulators.shapes import any_number
from simulators.stockroom import Stockroom
from simulators.world import Subject, World

COUNTS = {
    "snapshot": {
        **dict.fromkeys(("snapshot_id", "location_id", "taken_at"), str),
        "lines": [{"sku": str, "quantity": any_number}],
    },
    "delta": {
        **dict.fromkeys(("delta_id", "location_id", "occurred_at"), str),
        "lines": [{"sku": str, "quantity": any_number, "reason": str}],
    },
}


@dataclass(slots=True)
class WmsCounts:
    world: World
    endpoints: Endpoints
    stockroom: Stockroom

    def routes(self) -> list[Route]:
        return [
            Route(f"/{name}s", self.endpoints.control(shape, partial(self._count, name)), methods=["POST"])
            for name, shape in COUNTS.items()
        ]

    def _count(self, name: str, request: Request, body: Body) -> tuple[int, Body]:
        number = body[f"{name}_id"]
        subject = Subject(number, troubles.of_order(body))
        data = {field: body[field] for field in COUNTS[name]}
        if name == "snapshot":
            self.stockroom.count(body["location_id"], body["lines"])
        else:
            self.stockroom.move(body["location_id"], body["lines"], 1)
        self.world.tell(subject, self.world.event(subject, "wms", f"{name}:{number}", f"stock.{name}", data))
        return 202, {f"{name}_id": number}
