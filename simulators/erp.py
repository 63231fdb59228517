"""Finance: it takes messages, slowly where the order says so, and tells when goods arrive."""

import asyncio
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulators import troubles
from simulators.desk import Body, Desk
from simulators.messages import Mailbox
from simulators.shapes import LINES
from simulators.troubles import Trouble
from simulators.world import Subject, World

RECEIPT = {"receipt_id": str, "location_id": str, "lines": LINES}
SLOW_SECONDS = 3.0


@dataclass(slots=True)
class Erp:
    world: World
    desk: Desk

    def routes(self) -> list[Route]:
        mailbox = Mailbox(self.desk)
        take = mailbox.take()

        async def take_slowly(request: Request) -> Response:
            answer = await take(request)
            # Looked for in the bytes, because what a milestone says of an order differs.
            if Trouble.SLOW_ERP.encode() in await request.body():
                await asyncio.sleep(SLOW_SECONDS)
            return answer

        receive = self.desk.poke(RECEIPT, self._receive)
        return [*mailbox.routes(take_slowly), Route("/receipts", receive, methods=["POST"])]

    def _receive(self, request: Request, body: Body) -> tuple[int, Body]:
        number = body["receipt_id"]
        subject = Subject(number, troubles.of_order(body))
        data = {name: body[name] for name in RECEIPT}
        self.world.tell(subject, self.world.event(subject, "erp", number, "stock.received", data))
        return 202, {"receipt_id": number}
