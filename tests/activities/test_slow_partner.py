"""An ERP that takes long to answer delays nobody else and misses nothing."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse

from activities.redeliver import Redeliver, RedeliverRequest
from domain.milestones import RECIPIENTS
from integrations.http import PartnerHttp
from integrations.messages import MessageInbox
from record import journal
from tests.activities.story import Steps, letters_to
from tests.factories import an_order, place_orders
from tests.integrations.servers import SECRET, serving

ORDERS = 120
PATIENCE_SECONDS = 60.0


class SlowErp:
    """Answers when `may_answer` is set."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.calls = 0
        self.may_answer = threading.Event()
        self.most_at_once = 0
        self._now = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        messages = (await Request(scope, receive).json())["messages"]
        self.calls += 1
        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        await asyncio.to_thread(self.may_answer.wait, PATIENCE_SECONDS)
        self._now -= 1
        ids = [message["message_id"] for message in messages]
        self.taken += ids
        await JSONResponse({"accepted": ids})(scope, receive, send)


@pytest.fixture
def erp() -> Iterator[tuple[SlowErp, PartnerHttp]]:
    slow = SlowErp()
    with serving(slow) as address:
        client = PartnerHttp("erp", address, SECRET, timeout_seconds=PATIENCE_SECONDS)
        yield slow, client
        client.close()


def test_a_slow_erp_delays_no_other_recipient_and_gets_few_calls(
    steps: Steps, erp: tuple[SlowErp, PartnerHttp]
) -> None:
    # Given many orders with a message to everybody
    slow, client = erp
    letters = steps.redeliver.rounds.letters
    run = Redeliver(steps.sessions, letters_to(steps.sessions, {**letters.inboxes, "erp": MessageInbox(client)}))
    orders = place_orders(steps.sessions, [an_order() for _ in range(ORDERS)])
    with steps.sessions.begin() as session:
        journal.write_messages(session, [row for name in orders for row in journal.message_rows(name, "received")])

    def tell(recipient: str) -> int:
        taken, more = 0, True
        while more:
            answer = run.redeliver_batch(RedeliverRequest(recipient))
            taken, more = taken + answer.taken, answer.more
        return taken

    # When all runs send at once, and the ERP does not answer before the others have been told
    with ThreadPoolExecutor(len(RECIPIENTS)) as threads:
        of_erp = threads.submit(tell, "erp")
        others = [threads.submit(tell, name) for name in RECIPIENTS if name != "erp"]
        told = [one.result(PATIENCE_SECONDS) for one in others]
        slow.may_answer.set()

    # Then everybody is told, and the ERP got a call for each hundred orders
    assert [*told, of_erp.result()] == [ORDERS] * len(RECIPIENTS)
    assert (slow.calls, slow.most_at_once) == (ORDERS // 100 + 1, 1)
    assert slow.taken == [f"{order_id}:received:erp" for order_id in orders]
