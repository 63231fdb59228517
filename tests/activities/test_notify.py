"""Notify: everybody is told in order, whoever else is down, and nothing is tried for ever."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update
from starlette.requests import Request
from starlette.responses import JSONResponse

from activities import journal
from activities.notify import Notify, NotifyRequest
from domain import milestones
from domain.milestones import RECIPIENTS
from integrations.http import PartnerHttp
from integrations.messages import MessageInbox
from models.messaging import MessageRow
from tests.activities.story import LONG, Steps, an_outbox
from tests.factories import RECEIVER, events_of
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
    inboxes = {**steps.notify.outbox.inboxes, "erp": MessageInbox(erp)}
    return replace(steps, notify=Notify(steps.sessions, an_outbox(steps.sessions, inboxes)))


def announce(steps: Steps, *told: str) -> None:
    for milestone in told:
        with steps.sessions.begin() as session:
            journal.announce(session, steps.order_id, milestone)


def taken(ask: Ask, steps: Steps, recipient: str) -> list[str]:
    return [message["milestone"] for message in ask(f"/{recipient}/messages", order_id=steps.order_id)["messages"]]


def let_time_pass(steps: Steps, seconds: float) -> None:
    with steps.sessions.begin() as session:
        session.execute(update(MessageRow).values(created_at=func.now() - timedelta(seconds=seconds)))


def test_every_recipient_is_told_in_the_order_of_the_milestones(steps: Steps, ask: Ask) -> None:
    # given
    announce(steps, milestones.RECEIVED, milestones.SHIPPED, milestones.DELIVERED)

    # when
    answer = steps.notify.notify(NotifyRequest(steps.order_id, LONG))

    # then
    assert (answer.sent, answer.waiting) == (12, {})
    for recipient in RECIPIENTS:
        assert taken(ask, steps, recipient) == ["received", "shipped", "delivered"]


def test_a_recipient_that_is_down_keeps_nobody_else_waiting(steps: Steps, ask: Ask, unreachable: PartnerHttp) -> None:
    # given
    announce(steps, milestones.RECEIVED, milestones.SHIPPED)

    # when
    answer = with_erp(steps, unreachable).notify.notify(NotifyRequest(steps.order_id, LONG))

    # then
    assert answer.sent == 6
    assert list(answer.waiting) == ["erp"]
    assert answer.waiting["erp"].startswith("erp POST /messages: ")
    assert taken(ask, steps, "inbox") == ["received", "shipped"]


def test_a_recipient_that_is_back_is_told_the_oldest_first(steps: Steps, ask: Ask, unreachable: PartnerHttp) -> None:
    # given
    announce(steps, milestones.RECEIVED)
    with_erp(steps, unreachable).notify.notify(NotifyRequest(steps.order_id, LONG))
    announce(steps, milestones.SHIPPED)

    # when
    answer = steps.notify.notify(NotifyRequest(steps.order_id, LONG))

    # then
    assert answer.waiting == {}
    assert taken(ask, steps, "erp") == ["received", "shipped"]


@pytest.mark.parametrize("recipient", ["unreachable", "taking_nothing"])
def test_a_message_that_waits_too_long_is_parked_for_a_person(
    recipient: str, steps: Steps, request: pytest.FixtureRequest
) -> None:
    # given
    announce(steps, milestones.RECEIVED)
    erp = with_erp(steps, request.getfixturevalue(recipient))
    erp.notify.notify(NotifyRequest(steps.order_id, LONG))
    let_time_pass(steps, LONG + 1)

    # when
    answer = erp.notify.notify(NotifyRequest(steps.order_id, LONG))

    # then
    assert answer.waiting == {}
    assert events_of(steps.sessions, steps.order_id) == ["message.parked"]
    with steps.sessions() as session:
        parked = session.scalars(select(MessageRow).where(MessageRow.parked_at.is_not(None))).one()
        assert (parked.recipient, parked.tries) == ("erp", 2)
        assert parked.last_error


def test_a_recipient_that_takes_nothing_is_named_among_those_that_wait(
    steps: Steps, taking_nothing: PartnerHttp
) -> None:
    # given
    announce(steps, milestones.RECEIVED)

    # when
    answer = with_erp(steps, taking_nothing).notify.notify(NotifyRequest(steps.order_id, LONG))

    # then
    assert answer.sent == 3
    assert answer.waiting["erp"]


def test_only_the_customer_is_called_by_name(steps: Steps, ask: Ask) -> None:
    # given
    announce(steps, milestones.SHIPPED)

    # when
    steps.notify.notify(NotifyRequest(steps.order_id, LONG))

    # then
    naming = [
        recipient
        for recipient in RECIPIENTS
        if RECEIVER["name"] in str(ask(f"/{recipient}/messages", order_id=steps.order_id))
    ]
    assert naming == ["inbox"]


def test_nothing_waiting_means_nothing_sent(steps: Steps) -> None:
    assert steps.notify.notify(NotifyRequest(steps.order_id, LONG)).sent == 0
