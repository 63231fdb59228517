"""State shared by the simulated platforms: orders by the time of their last change, a clock, and troubles."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from simulators.endpoints import Body, Endpoints

TROUBLES = ("allowed", "limited", "retry_after", "failing", "lost", "clock_seconds", "changing", "broken")


def _anything(value: Any) -> str | None:
    return None if isinstance(value, dict) and value else "an order"


@dataclass(slots=True)
class PlatformState:
    """After `allowed` more calls, `limited` calls get a 429 with `retry_after` seconds; `failing` calls get a 500, and
    for `lost` uploads the answer is lost.

    `clock_seconds` is how far the platform's clock is ahead. The order `changing` changes right after the next page is
    sent; the order `broken` is listed but cannot be fetched.
    """

    endpoints: Endpoints
    orders: dict[str, Body] = field(default_factory=dict)
    changed: dict[str, datetime] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    allowed: int = 0
    limited: int = 0
    retry_after: float = 1.0
    failing: int = 0
    lost: int = 0
    clock_seconds: float = 0.0
    changing: str = ""
    broken: str = ""

    def routes(self, put: Any) -> list[Route]:
        """Unsigned calls for people and tests: place or change an order (`put`), and order troubles."""
        return [
            Route("/orders", self.endpoints.control(_anything, put), methods=["POST"]),
            Route("/orders", self.endpoints.view(self._look), methods=["GET"]),
            Route("/orders", self.endpoints.view(self._forget), methods=["DELETE"]),
            Route("/troubles", self.endpoints.troubles(self, TROUBLES), methods=["POST"]),
        ]

    def now(self) -> datetime:
        return (datetime.now(UTC) + timedelta(seconds=self.clock_seconds)).replace(microsecond=0)

    def date(self) -> dict[str, str]:
        """The Date header with the platform's time."""
        return {"Date": format_datetime(self.now(), usegmt=True)}

    def put(self, name: str, order: Body, changed: datetime) -> None:
        self.orders[name], self.changed[name] = order, changed

    def is_limited(self) -> bool:
        if self.allowed > 0:
            self.allowed -= 1
            return False
        self.limited -= (limited := self.limited > 0)
        return limited

    def fails(self, name: str = "") -> bool:
        if name and name == self.broken:
            return True
        self.failing -= (fails := self.failing > 0)
        return fails

    def loses_answer(self) -> bool:
        """True if the answer to the upload just taken must be lost."""
        self.lost -= (lost := self.lost > 0)
        return lost

    def between(self, start: datetime, end: datetime) -> list[str]:
        """Names of the orders that changed from `start` to `end`, oldest change first."""
        found = [name for name, changed in self.changed.items() if start <= changed <= end]
        return sorted(found, key=lambda name: (self.changed[name], name))

    def page_given(self) -> str:
        """Change the order `changing`, if set, now that a page was sent; return its name or an empty text."""
        changing, self.changing = self.changing, ""
        if changing in self.orders:
            self.changed[changing] = self.now()
            return changing
        return ""

    def _forget(self, request: Request, body: Body) -> tuple[int, Body]:
        self.orders.clear()
        self.changed.clear()
        return 200, {}

    def _look(self, request: Request, body: Body) -> tuple[int, Body]:
        return 200, {"orders": list(self.orders), "asked": dict(self.asked)}
