"""Messages not taken for too long are parked with all later ones of the order, and an alert is raised."""

from collections.abc import Callable

from sqlalchemy import func, update

from activities.redeliver import RedeliverAnswer
from domain.milestones import CANCELED, RECEIVED, SHIPPED
from models.messaging import MessageRow
from models.order import OrderRow
from record import journal
from tests.activities.erp import Erp
from tests.activities.story import Steps
from tests.factories import an_order, place_orders


def test_a_message_too_old_is_parked_with_all_later_ones(steps: Steps, erp: Erp, trouble: Callable[..., None]) -> None:
    # given a message that was not taken for a day, and one of today
    erp.announce(steps.order_id, RECEIVED)
    erp.a_day_passes()
    erp.announce(steps.order_id, SHIPPED)
    trouble("erp", "down")

    # when
    assert erp.redeliver() == RedeliverAnswer()

    # then both are parked, with one alert
    assert (erp.parked(), erp.waiting()) == ([RECEIVED, SHIPPED], [])
    assert erp.alerts(steps.order_id) == ["alert.raised"]
    assert erp.attention(steps.order_id) == "not told: erp"


def test_a_new_message_is_parked_behind_a_parked_one(steps: Steps, erp: Erp, trouble: Callable[..., None]) -> None:
    # given
    erp.announce(steps.order_id, RECEIVED)
    erp.a_day_passes()
    trouble("erp", "down")
    erp.redeliver()
    trouble("erp", "none")
    with steps.sessions.begin() as session:
        journal.announce(session, steps.order_id, SHIPPED)

    # when
    assert erp.redeliver() == RedeliverAnswer()

    # then
    assert erp.parked() == [RECEIVED, SHIPPED]
    assert erp.taken(steps.order_id) == []
    assert erp.alerts(steps.order_id) == ["alert.raised"]


def test_the_alert_is_cleared_when_all_parked_messages_are_taken(
    steps: Steps, erp: Erp, trouble: Callable[..., None]
) -> None:
    # given
    erp.announce(steps.order_id, RECEIVED, SHIPPED)
    erp.a_day_passes()
    trouble("erp", "down")
    erp.redeliver()
    trouble("erp", "none")

    # when they are sent again one by one
    seen = []
    for milestone in (RECEIVED, SHIPPED):
        erp.send_again(steps.order_id, milestone)
        erp.redeliver()
        seen.append((erp.attention(steps.order_id), erp.alerts(steps.order_id)))

    # then
    assert seen == [("not told: erp", ["alert.raised"]), (None, ["alert.raised", "alert.cleared"])]
    assert erp.taken(steps.order_id) == [RECEIVED, SHIPPED]


def test_parking_a_message_again_raises_no_second_alert(steps: Steps, erp: Erp, trouble: Callable[..., None]) -> None:
    # given
    erp.announce(steps.order_id, RECEIVED)
    erp.a_day_passes()
    trouble("erp", "down")
    erp.redeliver()

    # when it is retried in vain for another day
    erp.send_again(steps.order_id, RECEIVED)
    erp.redeliver_in_vain()
    erp.a_day_passes()
    erp.redeliver()

    # then
    assert erp.parked() == [RECEIVED]
    assert erp.alerts(steps.order_id) == ["alert.raised"]


def test_another_reason_for_attention_stays(steps: Steps, erp: Erp, trouble: Callable[..., None]) -> None:
    # given
    with steps.sessions.begin() as session:
        session.execute(update(OrderRow).values(attention="the refund was refused"))
    erp.announce(steps.order_id, RECEIVED)
    erp.a_day_passes()
    trouble("erp", "down")

    # when
    erp.redeliver()

    # then
    assert erp.attention(steps.order_id) == "the refund was refused"


def test_a_refused_message_parks_no_other_order(steps: Steps, erp: Erp) -> None:
    # given two old messages, one of which is refused
    other = place_orders(steps.sessions, [an_order()])[0]
    erp.announce(steps.order_id, CANCELED)
    erp.announce(other, RECEIVED)
    with steps.sessions.begin() as session:
        session.execute(update(MessageRow).where(MessageRow.order_id == steps.order_id).values(milestone=""))
    erp.a_day_passes()

    # when
    answer = erp.redeliver()

    # then
    assert answer == RedeliverAnswer(taken=1)
    assert erp.parked() == [""]
    assert erp.alerts(other) == []


def test_a_message_behind_one_parked_meanwhile_is_parked(steps: Steps, erp: Erp) -> None:
    # given
    erp.announce(steps.order_id, RECEIVED, SHIPPED)
    with steps.sessions.begin() as session:
        of_erp = MessageRow.recipient == "erp", MessageRow.milestone == RECEIVED
        session.execute(update(MessageRow).where(*of_erp).values(parked_at=func.now()))

    # when
    answer = erp.redeliver()

    # then
    assert answer == RedeliverAnswer()
    assert erp.parked() == [RECEIVED, SHIPPED]


def test_a_message_that_a_person_drops_is_skipped_and_later_ones_are_sent(
    steps: Steps, erp: Erp, trouble: Callable[..., None]
) -> None:
    # given
    erp.announce(steps.order_id, RECEIVED, SHIPPED)
    erp.a_day_passes()
    trouble("erp", "down")
    erp.redeliver()
    trouble("erp", "none")

    # when
    erp.drop(steps.order_id, RECEIVED)
    erp.send_again(steps.order_id, SHIPPED)
    answer = erp.redeliver()

    # then
    assert answer == RedeliverAnswer(taken=2)
    assert erp.taken(steps.order_id) == [SHIPPED]
    assert erp.alerts(steps.order_id) == ["alert.raised", "alert.cleared"]
