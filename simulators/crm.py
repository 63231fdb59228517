"""The CRM: takes messages, keeps loyalty points, and opens a case when a customer wants to return goods."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from starlette.requests import Request
from starlette.routing import Route

from simulators import troubles
from simulators.callbacks import rfc3339
from simulators.endpoints import Body, Endpoints
from simulators.messages import Mailbox
from simulators.problems import Problem
from simulators.shapes import amount, texts
from simulators.statements import Line, Statements
from simulators.world import Subject, World

CASE = {
    **dict.fromkeys(("case_id", "channel", "channel_order_id", "reason"), str),
    "lines?": [{"line_no": int, "quantity": int, "replacement_sku?": str}],
    "kind?": str,
    "reason_code?": str,
    "evidence?": texts,
    "amount?": amount,
    "refund_to?": str,
}
SPENT = {"customer_id": str, "points": int}


@dataclass(slots=True)
class Crm:
    world: World
    endpoints: Endpoints
    mailbox: Mailbox = field(init=False)
    spent: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.mailbox = Mailbox(self.endpoints)

    def routes(self) -> list[Route]:
        open_case = self.endpoints.control(CASE, self._open_case)
        return [
            *self.mailbox.routes(),
            *Statements(self.endpoints, {"messages": self.mailbox.statement, "points": self._balances}).routes(),
            Route("/cases", open_case, methods=["POST"]),
            Route("/customers/{customer_id:path}/points", self.endpoints.query(self._points), methods=["GET"]),
            Route("/points-spent", self.endpoints.control(SPENT, self._spend), methods=["POST"]),
        ]

    def _points(self, request: Request, body: Body) -> tuple[int, Body]:
        """The points that messages awarded to the customer, less those spent."""
        customer = request.path_params["customer_id"]
        data_of_messages = [message["data"] for message in self.mailbox.messages.values()]
        awarded = [data.get("points", 0) for data in data_of_messages if data.get("customer_id") == customer]
        if not awarded and customer not in self.spent:
            raise Problem(404, "unknown", "nobody of this name has points")
        return 200, {"customer_id": customer, "points": sum(awarded) - self.spent[customer]}

    def _balances(self) -> Iterable[Line]:
        """For every customer in a message: points, points spent, and the time of the last message."""
        awarded, changed = Counter[str](), dict[str, datetime]()
        for number, at in self.mailbox.taken_at.items():
            data = self.mailbox.messages[number]["data"]
            if customer := data.get("customer_id"):
                awarded[customer] += data.get("points", 0)
                changed[customer] = at
        for customer, at in changed.items():
            spent = self.spent[customer]
            points = {"points": awarded[customer] - spent, "spent": spent}
            yield Line(at, customer, {"customer_id": customer, **points, "changed_at": rfc3339(at)})

    def _spend(self, request: Request, body: Body) -> tuple[int, Body]:
        self.spent[body["customer_id"]] += body["points"]
        return 200, body

    def _open_case(self, request: Request, body: Body) -> tuple[int, Body]:
        number = body["case_id"]
        subject = Subject(number, troubles.named_in(body["channel_order_id"]))
        data: Body = {"lines": []}
        data |= {name: body[name] for key in CASE if (name := key.removesuffix("?")) in body}
        self.world.tell(subject, self.world.event(subject, "crm", number, "return.requested", data))
        return 202, {"case_id": number}
