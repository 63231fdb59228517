"""A recipient of milestone messages: it takes each message once and counts how often it arrives."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from simulators import troubles
from simulators.callbacks import rfc3339
from simulators.endpoints import Body, Endpoint, Endpoints
from simulators.shapes import anything_in
from simulators.statements import Line
from simulators.trouble_state import TroubleKind
from simulators.troubles import Trouble

MESSAGE = {
    **dict.fromkeys(("message_id", "milestone", "order_id", "channel", "channel_order_id", "occurred_at"), str),
    "data": anything_in,
}
MESSAGES = {"messages": [MESSAGE]}


@dataclass(slots=True)
class Mailbox:
    """`taken_at` has the time at which each message was taken, `forgotten` those acknowledged but not kept."""

    endpoints: Endpoints
    messages: dict[str, dict[str, Any]] = field(default_factory=dict)
    by_order: defaultdict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    taken_at: dict[str, datetime] = field(default_factory=dict)
    forgotten: set[str] = field(default_factory=set)

    def routes(self, take: Endpoint | None = None) -> list[Route]:
        """The mailbox's routes; `take` may replace the endpoint that takes messages."""
        return [
            Route("/messages", take or self.take(), methods=["POST"]),
            Route("/messages", self.endpoints.view(self._look), methods=["GET"]),
        ]

    def take(self) -> Endpoint:
        return self.endpoints.repeatable(MESSAGES, self._take)

    def _take(self, request: Request, body: Body) -> tuple[int, Body]:
        messages = body["messages"]
        if self.endpoints.trouble.kind == TroubleKind.PART:
            messages = messages[: (len(messages) + 1) // 2]
        for message in messages:
            if self._forgets(message):
                continue
            known = self.messages.get(message["message_id"])
            if known is None:
                known = self.messages[message["message_id"]] = {**message, "times_received": 0}
                self.by_order[message["order_id"]].append(known)
                self.taken_at[message["message_id"]] = datetime.now(UTC)
            known["times_received"] += 1
        return 200, {"accepted": [message["message_id"] for message in messages]}

    def statement(self) -> Iterable[Line]:
        for number, at in self.taken_at.items():
            milestone = self.messages[number]["milestone"]
            yield Line(at, number, {"message_id": number, "milestone": milestone, "taken_at": rfc3339(at)})

    def _forgets(self, message: dict[str, Any]) -> bool:
        """True the first time that a message with FORGOTTEN-MESSAGE arrives."""
        number = message["message_id"]
        if Trouble.FORGOTTEN_MESSAGE not in troubles.named_in(message["channel_order_id"]) or number in self.forgotten:
            return False
        self.forgotten.add(number)
        return True

    def _look(self, request: Request, body: Body) -> tuple[int, Body]:
        order_id = request.query_params.get("order_id")
        return 200, {"messages": list(self.messages.values()) if order_id is None else self.by_order.get(order_id, [])}
