"""What the simulated platforms share: orders by the time of their last change, a clock of their own, and troubles."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from simulators.desk import Body, Desk

TROUBLES = ("allowed", "limited", "retry_after", "failing", "lost", "clock_seconds", "changing", "broken")


def _troubles(value: Any) -> str | None:
    good = isinstance(value, dict) and set(value) <= set(TROUBLES)
    return None if good else f"an object of {', '.join(TROUBLES)}"


def _anything(value: Any) -> str | None:
    return None if isinstance(value, dict) and value else "an order"


@dataclass(slots=True)
class Shelf:
    """After `allowed` calls more, `limited` calls are refused for `retry_after` seconds; `failing` calls fail, and of
    `lost` parcels that are told of nobody hears the answer.

    `clock_seconds` is how far the platform's clock is ahead of the true time, and `changing` the order that changes as
    soon as a page was given. The order `broken` is listed and never given.
    """

    desk: Desk
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
        """For people and tests: what a customer does (`put`), and what shall go wrong."""
        return [
            Route("/orders", self.desk.poke(_anything, put), methods=["POST"]),
            Route("/orders", self.desk.view(self._look), methods=["GET"]),
            Route("/troubles", self.desk.poke(_troubles, self._go_wrong), methods=["POST"]),
        ]

    def now(self) -> datetime:
        return (datetime.now(UTC) + timedelta(seconds=self.clock_seconds)).replace(microsecond=0)

    def date(self) -> dict[str, str]:
        """The header by which a platform tells its time."""
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
        """Whether nobody hears of what was just taken over."""
        self.lost -= (lost := self.lost > 0)
        return lost

    def between(self, start: datetime, end: datetime) -> list[str]:
        """The names of the orders that changed from `start` to `end`, oldest change first."""
        found = [name for name, changed in self.changed.items() if start <= changed <= end]
        return sorted(found, key=lambda name: (self.changed[name], name))

    def page_given(self) -> str:
        """The order that changes now, if one is to."""
        changing, self.changing = self.changing, ""
        if changing in self.orders:
            self.changed[changing] = self.now()
            return changing
        return ""

    def _look(self, request: Request, body: Body) -> tuple[int, Body]:
        return 200, {"orders": list(self.orders), "asked": dict(self.asked)}

    def _go_wrong(self, request: Request, body: Body) -> tuple[int, Body]:
        for name, value in body.items():
            setattr(self, name, value)
        return 200, body
