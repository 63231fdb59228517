"""What a recipient does not take: left to its run, told in the order of the milestones, parked when it is too old."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text, update

from activities import journal
from activities.notify import NotifyRequest
from activities.redeliver import Redeliver, RedeliverAnswer, RedeliverRequest
from domain.errors import PartnerTrouble
from domain.milestones import CANCELED, DELIVERED, RECEIVED, SHIPPED
from integrations.http import PartnerHttp
from integrations.messages import MessageInbox
from models.database import Sessions
from models.messaging import MessageRow
from models.order import OrderRow
from tests.activities.story import Steps, letters_to
from tests.factories import an_order, events_of, place_orders

DAY = timedelta(days=1)


class Erp:
    """An ERP that is tried for a day, and what the record knows of its messages."""

    def __init__(self, sessions: Sessions, http: PartnerHttp, ask: Callable[..., Any]) -> None:
        self.sessions = sessions
        self.ask = ask
        self.run = Redeliver(sessions, letters_to(sessions, {"erp": MessageInbox(http, DAY)}))

    def announce(self, order_id: str, *milestones: str) -> None:
        """Messages that were left to the run at once, as after a try in vain."""
        with self.sessions.begin() as session:
            for milestone in milestones:
                journal.announce(session, order_id, milestone)
            session.execute(update(MessageRow).where(MessageRow.left_at.is_(None)).values(left_at=func.now()))

    def tell(self) -> RedeliverAnswer:
        return self.run.redeliver_batch(RedeliverRequest("erp"))

    def tell_in_vain(self) -> None:
        with pytest.raises(PartnerTrouble):
            self.tell()

    def a_day_passes(self) -> None:
        with self.sessions.begin() as session:
            past = {"created_at": MessageRow.created_at - DAY, "redelivered_at": MessageRow.redelivered_at - DAY}
            session.execute(update(MessageRow).values(past))

    def send_again(self, order_id: str, *milestones: str) -> None:
        """As the API does it for a person."""
        with self.sessions.begin() as session:
            again = {"parked_at": None, "redelivered_at": func.now(), "left_at": func.now(), "tries": 0}
            wanted = (
                MessageRow.order_id == order_id,
                MessageRow.milestone.in_(milestones),
                MessageRow.recipient == "erp",
            )
            session.execute(update(MessageRow).where(*wanted).values(again))

    def parked(self) -> list[str]:
        return self._milestones(MessageRow.parked_at.is_not(None))

    def waiting(self) -> list[str]:
        return self._milestones(MessageRow.parked_at.is_(None), MessageRow.sent_at.is_(None))

    def taken(self, order_id: str) -> list[str]:
        return [message["milestone"] for message in self.ask("/erp/messages", order_id=order_id)["messages"]]

    def attention(self, order_id: str) -> str | None:
        with self.sessions() as session:
            return session.get_one(OrderRow, order_id).attention

    def _milestones(self, *where: Any) -> list[str]:
        with self.sessions() as session:
            wanted = select(MessageRow.milestone).where(MessageRow.recipient == "erp", *where)
            return list(session.scalars(wanted.order_by(MessageRow.sequence)))


@pytest.fixture
def erp(steps: Steps, partners: dict[str, PartnerHttp], ask: Callable[..., Any]) -> Erp:
    return Erp(steps.sessions, partners["erp"], ask)


def alerts_of(sessions: Sessions, order_id: str) -> list[str]:
    return [event for event in events_of(sessions, order_id) if event.startswith("alert")]


@pytest.mark.parametrize("kind", ["down", "lying", "lost_answer"])
def test_a_recipient_in_trouble_misses_nothing_and_hears_it_once(
    kind: str, steps: Steps, erp: Erp, trouble: Callable[..., None]
) -> None:
    # given
    erp.announce(steps.order_id, RECEIVED, SHIPPED)
    trouble("erp", kind)

    # when
    erp.tell_in_vain()
    trouble("erp", "none")
    answer = erp.tell()

    # then
    assert answer == RedeliverAnswer(taken=2)
    assert erp.taken(steps.order_id) == [RECEIVED, SHIPPED]


def test_a_recipient_that_takes_a_part_is_told_the_rest(steps: Steps, erp: Erp, trouble: Callable[..., None]) -> None:
    # given
    erp.announce(steps.order_id, RECEIVED, SHIPPED, DELIVERED)
    trouble("erp", "part")

    # when
    answers = [erp.tell(), erp.tell()]

    # then
    assert answers == [RedeliverAnswer(2, more=True), RedeliverAnswer(1)]
    assert erp.taken(steps.order_id) == [RECEIVED, SHIPPED, DELIVERED]


def test_what_is_too_old_is_parked_with_all_that_comes_after_it(
    steps: Steps, erp: Erp, trouble: Callable[..., None]
) -> None:
    # given a recipient that was away for a day, and a message of today
    erp.announce(steps.order_id, RECEIVED)
    erp.a_day_passes()
    erp.announce(steps.order_id, SHIPPED)
    trouble("erp", "down")

    # when
    assert erp.tell() == RedeliverAnswer()

    # then both wait for a person, who is called once
    assert (erp.parked(), erp.waiting()) == ([RECEIVED, SHIPPED], [])
    assert alerts_of(steps.sessions, steps.order_id) == ["alert.raised"]
    assert erp.attention(steps.order_id) == "not told: erp"


def test_what_is_fresh_is_parked_behind_what_is_parked(steps: Steps, erp: Erp, trouble: Callable[..., None]) -> None:
    # given
    erp.announce(steps.order_id, RECEIVED)
    erp.a_day_passes()
    trouble("erp", "down")
    erp.tell()
    trouble("erp", "none")
    with steps.sessions.begin() as session:
        journal.announce(session, steps.order_id, SHIPPED)

    # when the order tells of something new
    steps.notify.notify(NotifyRequest(steps.order_id))

    # then
    assert erp.parked() == [RECEIVED, SHIPPED]
    assert erp.taken(steps.order_id) == []
    assert alerts_of(steps.sessions, steps.order_id) == ["alert.raised"]


def test_the_alert_is_over_when_all_that_was_parked_is_taken(
    steps: Steps, erp: Erp, trouble: Callable[..., None]
) -> None:
    # given
    erp.announce(steps.order_id, RECEIVED, SHIPPED)
    erp.a_day_passes()
    trouble("erp", "down")
    erp.tell()
    trouble("erp", "none")

    # when they are sent again one by one
    seen = []
    for milestone in (RECEIVED, SHIPPED):
        erp.send_again(steps.order_id, milestone)
        erp.tell()
        seen.append((erp.attention(steps.order_id), alerts_of(steps.sessions, steps.order_id)))

    # then
    assert seen == [("not told: erp", ["alert.raised"]), (None, ["alert.raised", "alert.cleared"])]
    assert erp.taken(steps.order_id) == [RECEIVED, SHIPPED]


def test_what_is_parked_again_calls_nobody_twice(steps: Steps, erp: Erp, trouble: Callable[..., None]) -> None:
    # given
    erp.announce(steps.order_id, RECEIVED)
    erp.a_day_passes()
    trouble("erp", "down")
    erp.tell()

    # when it is sent again in vain for another day
    erp.send_again(steps.order_id, RECEIVED)
    erp.tell_in_vain()
    erp.a_day_passes()
    erp.tell()

    # then
    assert erp.parked() == [RECEIVED]
    assert alerts_of(steps.sessions, steps.order_id) == ["alert.raised"]


def test_another_reason_to_look_at_an_order_stands(steps: Steps, erp: Erp, trouble: Callable[..., None]) -> None:
    # given
    with steps.sessions.begin() as session:
        session.execute(update(OrderRow).values(attention="the refund was refused"))
    erp.announce(steps.order_id, RECEIVED)
    erp.a_day_passes()
    trouble("erp", "down")

    # when
    erp.tell()

    # then
    assert erp.attention(steps.order_id) == "the refund was refused"


def test_a_message_that_is_never_taken_keeps_no_other_order_waiting(steps: Steps, erp: Erp) -> None:
    # given more orders with a message that no ERP takes than fit into one call, and one behind them
    orders = place_orders(steps.sessions, [an_order() for _ in range(102)])
    for order_id in orders:
        erp.announce(order_id, RECEIVED)
    with steps.sessions.begin() as session:
        session.execute(text("UPDATE messages SET milestone = '' WHERE order_id <> :last"), {"last": orders[-1]})

    # when
    erp.tell_in_vain()
    erp.tell()

    # then
    assert erp.taken(orders[-1]) == [RECEIVED]


def test_while_one_order_is_not_taken_others_are_not_parked_with_it(steps: Steps, erp: Erp) -> None:
    # given two old messages, one of which is refused
    other = place_orders(steps.sessions, [an_order()])[0]
    erp.announce(steps.order_id, CANCELED)
    erp.announce(other, RECEIVED)
    with steps.sessions.begin() as session:
        session.execute(update(MessageRow).where(MessageRow.order_id == steps.order_id).values(milestone=""))
    erp.a_day_passes()

    # when
    answer = erp.tell()

    # then
    assert answer == RedeliverAnswer(taken=1)
    assert erp.parked() == [""]
    assert alerts_of(steps.sessions, other) == []


def test_the_run_never_lets_a_message_overtake_one_that_was_tried_more_often(
    steps: Steps, erp: Erp, trouble: Callable[..., None]
) -> None:
    # given an older message that was tried in vain, and a newer one that was not
    erp.announce(steps.order_id, RECEIVED)
    trouble("erp", "down")
    erp.tell_in_vain()
    trouble("erp", "none")
    erp.announce(steps.order_id, SHIPPED)

    # when
    answers = [erp.tell(), erp.tell()]

    # then
    assert [answer.taken for answer in answers] == [1, 1]
    assert erp.taken(steps.order_id) == [RECEIVED, SHIPPED]
