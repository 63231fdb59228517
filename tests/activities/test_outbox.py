"""The run of a recipient sends it the messages of all orders, of each order in the order of its milestones."""

from collections.abc import Callable

import pytest
from sqlalchemy import text

from activities.redeliver import RedeliverAnswer
from domain.milestones import DELIVERED, RECEIVED, SHIPPED
from integrations.messages import NOT_ACCEPTED
from tests.activities.erp import Erp
from tests.activities.story import Steps
from tests.factories import an_order, place_orders


@pytest.mark.parametrize("kind", ["down", "lying", "lost_answer"])
def test_a_recipient_in_trouble_gets_each_message_once(
    kind: str, steps: Steps, erp: Erp, trouble: Callable[..., None]
) -> None:
    # given
    erp.announce(steps.order_id, RECEIVED, SHIPPED)
    trouble("erp", kind)

    # when
    erp.redeliver_in_vain()
    trouble("erp", "none")
    answer = erp.redeliver()

    # then
    assert answer == RedeliverAnswer(taken=2)
    assert erp.taken(steps.order_id) == [RECEIVED, SHIPPED]


def test_a_recipient_that_takes_a_part_gets_the_rest_later(
    steps: Steps, erp: Erp, trouble: Callable[..., None]
) -> None:
    # given
    erp.announce(steps.order_id, RECEIVED, SHIPPED, DELIVERED)
    trouble("erp", "part")

    # when
    answers = [erp.redeliver(), erp.redeliver()]

    # then
    assert answers == [RedeliverAnswer(2, True, NOT_ACCEPTED), RedeliverAnswer(1)]
    assert erp.taken(steps.order_id) == [RECEIVED, SHIPPED, DELIVERED]


def test_a_message_that_is_never_taken_delays_no_other_order(steps: Steps, erp: Erp) -> None:
    # given more orders with a message that no ERP takes than fit into one call, and one behind them
    orders = place_orders(steps.sessions, [an_order() for _ in range(102)])
    for order_id in orders:
        erp.announce(order_id, RECEIVED)
    with steps.sessions.begin() as session:
        session.execute(text("UPDATE messages SET milestone = '' WHERE order_id <> :last"), {"last": orders[-1]})

    # when
    answers = [erp.redeliver(), erp.redeliver()]

    # then
    assert [answer.taken for answer in answers] == [0, 1]
    assert erp.taken(orders[-1]) == [RECEIVED]


def test_a_message_does_not_overtake_an_older_one_that_failed(
    steps: Steps, erp: Erp, trouble: Callable[..., None]
) -> None:
    # given an older message that failed, and a newer one that was not tried yet
    erp.announce(steps.order_id, RECEIVED)
    trouble("erp", "down")
    erp.redeliver_in_vain()
    trouble("erp", "none")
    erp.announce(steps.order_id, SHIPPED)

    # when
    answers = [erp.redeliver(), erp.redeliver()]

    # then
    assert [answer.taken for answer in answers] == [1, 1]
    assert erp.taken(steps.order_id) == [RECEIVED, SHIPPED]


def test_a_message_that_cannot_be_written_delays_no_other_order(steps: Steps, erp: Erp) -> None:
    # given two orders, one with an invalid currency
    broken, other = place_orders(steps.sessions, [an_order(), an_order()])
    for order_id in (broken, other):
        erp.announce(order_id, RECEIVED)
    with steps.sessions.begin() as session:
        session.execute(text("UPDATE orders SET currency = '' WHERE order_id = :id"), {"id": broken})

    # when
    answer = erp.redeliver()

    # then the other message is taken, and the first waits with its error
    assert answer.taken == 1
    assert erp.taken(other) == [RECEIVED]
    with steps.sessions() as session:
        error = "SELECT last_error FROM messages WHERE order_id = :id AND recipient = 'erp'"
        assert session.scalar(text(error), {"id": broken}) == "cannot be written: NotMoney"
