"""A partner that is told of milestones: it takes each message once and remembers how often it came."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from simulators.desk import Body, Desk, Endpoint
from simulators.mood import Kind
from simulators.shapes import anything_in

MESSAGE = {
    **dict.fromkeys(("message_id", "milestone", "order_id", "channel", "channel_order_id", "occurred_at"), str),
    "data": anything_in,
}
MESSAGES = {"messages": [MESSAGE]}


@dataclass(slots=True)
class Mailbox:
    desk: Desk
    messages: dict[str, dict[str, Any]] = field(default_factory=dict)
    by_order: defaultdict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))

    def routes(self, take: Endpoint | None = None) -> list[Route]:
        """The address of this mailbox; `take` may stand in front of it."""
        return [
            Route("/messages", take or self.take(), methods=["POST"]),
            Route("/messages", self.desk.view(self._look), methods=["GET"]),
        ]

    def take(self) -> Endpoint:
        return self.desk.repeatable(MESSAGES, self._take)

    def _take(self, request: Request, body: Body) -> tuple[int, Body]:
        messages = body["messages"]
        if self.desk.mood.kind == Kind.PART:
            messages = messages[: (len(messages) + 1) // 2]
        for message in messages:
            known = self.messages.get(message["message_id"])
            if known is None:
                known = self.messages[message["message_id"]] = {**message, "times_received": 0}
                self.by_order[message["order_id"]].append(known)
            known["times_received"] += 1
        return 200, {"accepted": [message["message_id"] for message in messages]}

    def _look(self, request: Request, body: Body) -> tuple[int, Body]:
        order_id = request.query_params.get("order_id")
        return 200, {"messages": list(self.messages.values()) if order_id is None else self.by_order.get(order_id, [])}
