"""Customer service: it takes messages, and opens a case when a customer wants to return goods."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.routing import Route

from simulators import troubles
from simulators.desk import Body, Desk
from simulators.messages import Mailbox
from simulators.shapes import amount, texts
from simulators.world import Subject, World

CASE = {
    **dict.fromkeys(("case_id", "channel", "channel_order_id", "reason"), str),
    "lines?": [{"line_no": int, "quantity": int, "replacement_sku?": str}],
    "kind?": str,
    "reason_code?": str,
    "evidence?": texts,
    "amount?": amount,
}


@dataclass(slots=True)
class Crm:
    world: World
    desk: Desk

    def routes(self) -> list[Route]:
        open_case = self.desk.poke(CASE, self._open_case)
        return [*Mailbox(self.desk).routes(), Route("/cases", open_case, methods=["POST"])]

    def _open_case(self, request: Request, body: Body) -> tuple[int, Body]:
        number = body["case_id"]
        subject = Subject(number, troubles.named_in(body["channel_order_id"]))
        data: Body = {"lines": []}
        data |= {name: body[name] for key in CASE if (name := key.removesuffix("?")) in body}
        self.world.tell(subject, self.world.event(subject, "crm", number, "return.requested", data))
        return 202, {"case_id": number}
