"""Notify says to whom an order's messages are handed; it sends none."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import text

from activities.notify import NotifyAnswer, NotifyRequest
from domain import milestones
from domain.milestones import RECIPIENTS
from record import journal
from tests.activities.story import Steps
from tests.counting import statements_of
from tests.factories import RECEIVER

Ask = Callable[..., Any]


def announce(steps: Steps, *reached: str) -> None:
    for milestone in reached:
        with steps.sessions.begin() as session:
            journal.announce(session, steps.order_id, milestone)


def taken(ask: Ask, steps: Steps, recipient: str) -> list[str]:
    return [message["milestone"] for message in ask(f"/{recipient}/messages", order_id=steps.order_id)["messages"]]


def test_notify_says_to_whom_messages_are_handed_and_sends_none(steps: Steps, ask: Ask) -> None:
    # given a message that nobody has, and another that only the customer and the CRM get
    announce(steps, milestones.RECEIVED, milestones.ATTEMPTED)

    # when
    before = steps.notify.notify(NotifyRequest(steps.order_id))
    steps.tell("inbox", "channel")
    after = steps.notify.notify(NotifyRequest(steps.order_id))

    # then
    assert before == NotifyAnswer(handed={"inbox": 2, "channel": 1, "erp": 1, "crm": 2})
    assert after == NotifyAnswer(handed={"erp": 1, "crm": 2})
    assert taken(ask, steps, "erp") == []


def test_notify_asks_nothing_of_the_record_where_the_order_knows_its_milestones(steps: Steps) -> None:
    with statements_of(steps.sessions) as asked:
        told = steps.notify.notify(NotifyRequest(steps.order_id, [milestones.SHIPPED, milestones.ATTEMPTED]))

    assert told == NotifyAnswer(handed={"inbox": 2, "channel": 1, "erp": 1, "crm": 2})
    assert not asked


def test_every_recipient_is_told_in_the_order_of_the_milestones(steps: Steps, ask: Ask) -> None:
    # given
    announce(steps, milestones.RECEIVED, milestones.SHIPPED, milestones.DELIVERED)

    # when
    answers = steps.tell()

    # then
    assert [answer.taken for answer in answers] == [3, 3, 3, 3]
    for recipient in RECIPIENTS:
        assert taken(ask, steps, recipient) == ["received", "shipped", "delivered"]


def test_messages_that_a_worker_of_before_wrote_and_did_not_send_are_sent(steps: Steps, ask: Ask) -> None:
    # given one that is still the order's to send, and one that is left to the run
    announce(steps, milestones.RECEIVED, milestones.SHIPPED)
    with steps.sessions.begin() as session:
        session.execute(text("UPDATE messages SET left_at = now() WHERE milestone = 'shipped'"))

    # when
    steps.tell("erp")

    # then
    assert taken(ask, steps, "erp") == ["received", "shipped"]


def test_only_the_message_to_the_customer_has_the_name(steps: Steps, ask: Ask) -> None:
    # given
    announce(steps, milestones.SHIPPED)

    # when
    steps.tell()

    # then
    naming = [
        recipient
        for recipient in RECIPIENTS
        if RECEIVER["name"] in str(ask(f"/{recipient}/messages", order_id=steps.order_id))
    ]
    assert naming == ["inbox"]
