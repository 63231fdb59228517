"""An ERP that takes seconds to answer does not block the worker: other steps run in time, and it misses nothing."""

import asyncio
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text
from starlette.requests import Request
from starlette.responses import JSONResponse

from activities.notify import Notify, NotifyRequest
from activities.redeliver import Redeliver, RedeliverRequest
from integrations.http import PartnerHttp
from integrations.messages import MessageInbox
from record import journal
from tests.activities.story import Steps, letters_to
from tests.factories import an_order, place_orders
from tests.integrations.servers import SECRET, serving

THREADS = 16
ORDERS = 120
ANSWER_SECONDS = 1.5


class SlowErp:
    def __init__(self) -> None:
        self.taken: list[str] = []
        self.late = ANSWER_SECONDS
        self._now = 0
        self.most_at_once = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        messages = (await Request(scope, receive).json())["messages"]
        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        await asyncio.sleep(self.late)
        self._now -= 1
        ids = [message["message_id"] for message in messages]
        self.taken += ids
        await JSONResponse({"accepted": ids})(scope, receive, send)


@pytest.fixture
def erp() -> Iterator[tuple[SlowErp, PartnerHttp]]:
    slow = SlowErp()
    with serving(slow) as address:
        client = PartnerHttp("erp", address, SECRET, timeout_seconds=10.0)
        yield slow, client
        client.close()


def test_a_slow_erp_does_not_delay_other_steps(steps: Steps, erp: tuple[SlowErp, PartnerHttp]) -> None:
    # Given many orders with a message to the ERP, and the threads of one worker
    slow, client = erp
    inboxes = {**steps.notify.letters.inboxes, "erp": MessageInbox(client)}
    notify = Notify(steps.sessions, letters_to(steps.sessions, inboxes))
    orders = place_orders(steps.sessions, [an_order() for _ in range(ORDERS)])
    with steps.sessions.begin() as session:
        for order_id in orders:
            journal.announce(session, order_id, "received")

    def step() -> float:
        with steps.sessions() as session:
            session.execute(text("SELECT 1"))
        return time.monotonic()

    # When other steps queue behind all of them
    with ThreadPoolExecutor(THREADS) as threads:
        began = time.monotonic()
        notifying = [threads.submit(notify.notify, NotifyRequest(order_id)) for order_id in orders]
        others = [threads.submit(step) for _ in range(50)]
        waited = max(other.result() for other in others) - began
        answers = [sent.result() for sent in notifying]

    # Then they did not wait for the ERP, which would have occupied all threads
    assert waited < ORDERS * ANSWER_SECONDS / THREADS
    assert slow.most_at_once <= 4
    assert {name for answer in answers for name in answer.left} == {"erp"}

    # And its run sends the rest, a hundred at a time
    slow.late = 0
    run = Redeliver(steps.sessions, notify.letters)
    while run.redeliver_batch(RedeliverRequest("erp")).more:
        pass
    assert sorted(slow.taken) == sorted(f"{order_id}:received:erp" for order_id in orders)
