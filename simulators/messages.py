"""A partner that is told of milestones: it takes each message once and remembers how often it came."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from simulators import troubles
from simulators.callbacks import rfc3339
from simulators.desk import Body, Desk, Endpoint
from simulators.mood import Kind
from simulators.shapes import anything_in
from simulators.statements import Line
from simulators.troubles import Trouble

MESSAGE = {
    **dict.fromkeys(("message_id", "milestone", "order_id", "channel", "channel_order_id", "occurred_at"), str),
    "data": anything_in,
}
MESSAGES = {"messages": [MESSAGE]}


@dataclass(slots=True)
class Mailbox:
    """`taken_at` says when each message was taken, and `forgotten` which were acknowledged and not kept."""

    desk: Desk
    messages: dict[str, dict[str, Any]] = field(default_factory=dict)
    by_order: defaultdict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    taken_at: dict[str, datetime] = field(default_factory=dict)
    forgotten: set[str] = field(default_factory=set)

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
        """The first time that it comes."""
        number = message["message_id"]
        if Trouble.FORGOTTEN_MESSAGE not in troubles.named_in(message["channel_order_id"]) or number in self.forgotten:
            return False
        self.forgotten.add(number)
        return True

    def _look(self, request: Request, body: Body) -> tuple[int, Body]:
        order_id = request.query_params.get("order_id")
        return 200, {"messages": list(self.messages.values()) if order_id is None else self.by_order.get(order_id, [])}
