"""Notifying recipients: in order, independent of each other, and not retried for ever."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse

from activities.notify import Notify, NotifyAnswer, NotifyRequest
from activities.redeliver import Redeliver, RedeliverRequest
from domain import milestones
from domain.milestones import RECIPIENTS
from integrations.http import PartnerHttp
from integrations.messages import MessageInbox
from record import journal
from tests.activities.story import Steps, letters_to
from tests.factories import RECEIVER
from tests.integrations.servers import SECRET, serving

Ask = Callable[..., Any]


async def reluctant(scope: Mapping[str, Any], receive: Any, send: Any) -> None:
    """A recipient that answers politely and takes nothing."""
    if scope["type"] == "http":
        await Request(scope, receive).body()
        await JSONResponse({"accepted": []})(scope, receive, send)


@pytest.fixture
def taking_nothing() -> Iterator[PartnerHttp]:
    with serving(reluctant) as address:
        client = PartnerHttp("erp", address, SECRET, timeout_seconds=2.0)
        yield client
        client.close()


def with_erp(steps: Steps, erp: PartnerHttp) -> Steps:
    inboxes = {**steps.notify.letters.inboxes, "erp": MessageInbox(erp)}
    return replace(steps, notify=Notify(steps.sessions, letters_to(steps.sessions, inboxes)))


def announce(steps: Steps, *reached: str) -> None:
    for milestone in reached:
        with steps.sessions.begin() as session:
            journal.announce(session, steps.order_id, milestone)


def taken(ask: Ask, steps: Steps, recipient: str) -> list[str]:
    return [message["milestone"] for message in ask(f"/{recipient}/messages", order_id=steps.order_id)["messages"]]


def test_every_recipient_is_notified_in_the_order_of_the_milestones(steps: Steps, ask: Ask) -> None:
    # given
    announce(steps, milestones.RECEIVED, milestones.SHIPPED, milestones.DELIVERED)

    # when
    answer = steps.notify.notify(NotifyRequest(steps.order_id))

    # then
    assert (answer.sent, answer.left) == (12, {})
    for recipient in RECIPIENTS:
        assert taken(ask, steps, recipient) == ["received", "shipped", "delivered"]


def test_a_recipient_that_is_down_delays_no_other(steps: Steps, ask: Ask, unreachable: PartnerHttp) -> None:
    # given
    announce(steps, milestones.RECEIVED, milestones.SHIPPED)

    # when
    answer = with_erp(steps, unreachable).notify.notify(NotifyRequest(steps.order_id))

    # then
    assert answer.sent == 6
    assert list(answer.left) == ["erp"]
    assert answer.left["erp"].startswith("erp POST /messages: ")
    assert taken(ask, steps, "inbox") == ["received", "shipped"]


def test_a_later_message_does_not_overtake_one_that_was_not_taken(
    steps: Steps, ask: Ask, unreachable: PartnerHttp
) -> None:
    # given
    announce(steps, milestones.RECEIVED)
    with_erp(steps, unreachable).notify.notify(NotifyRequest(steps.order_id))
    announce(steps, milestones.SHIPPED)

    # when the ERP is back, and the order has a new message
    answer = steps.notify.notify(NotifyRequest(steps.order_id))

    # then the new message waits behind the older one
    assert answer == NotifyAnswer(3)
    assert taken(ask, steps, "erp") == []

    # and the ERP's run sends both
    assert Redeliver(steps.sessions, steps.notify.letters).redeliver_batch(RedeliverRequest("erp")).taken == 2
    assert taken(ask, steps, "erp") == ["received", "shipped"]


def test_messages_that_a_recipient_does_not_take_are_left_to_its_run(steps: Steps, taking_nothing: PartnerHttp) -> None:
    # given
    announce(steps, milestones.RECEIVED)

    # when
    answer = with_erp(steps, taking_nothing).notify.notify(NotifyRequest(steps.order_id))

    # then
    assert answer.sent == 3
    assert answer.left["erp"]


def test_only_the_message_to_the_customer_has_the_name(steps: Steps, ask: Ask) -> None:
    # given
    announce(steps, milestones.SHIPPED)

    # when
    steps.notify.notify(NotifyRequest(steps.order_id))

    # then
    naming = [
        recipient
        for recipient in RECIPIENTS
        if RECEIVER["name"] in str(ask(f"/{recipient}/messages", order_id=steps.order_id))
    ]
    assert naming == ["inbox"]


def test_nothing_waiting_means_nothing_sent(steps: Steps) -> None:
    assert steps.notify.notify(NotifyRequest(steps.order_id)).sent == 0
