"""A refund whose answer was lost is asked for again, also when nobody works on its order any more."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from activities.settlement import Settlement
from commands.verify import verify
from domain.errors import PartnerTrouble
from models.messaging import PartnerEventRow
from models.order import OrderRow
from models.payment import AskedRefundRow
from record.orders.asked_refunds import UnansweredSweep
from record.orders.payment_claims import CHECK_ASKED
from relay.rows import FIND_PAYMENT
from tests.activities import test_late_money
from tests.activities.story import Steps
from tests.activities.test_late_money import Ask, Trouble, booked, end, hear, pay, refund, refunded_there, settle

unpaid = test_late_money.unpaid
ANSWERED = "every refund that was asked for has its answer within a day"


def still_asked(steps: Steps) -> list[str]:
    with steps.sessions() as session:
        return list(session.scalars(select(AskedRefundRow.key).where(AskedRefundRow.order_id == steps.order_id)))


def grow_old(steps: Steps, hours: int) -> None:
    asked = update(AskedRefundRow).where(AskedRefundRow.order_id == steps.order_id)
    with steps.sessions.begin() as session:
        session.execute(asked.values(asked_at=datetime.now(UTC) - timedelta(hours=hours)))


def test_a_settlement_whose_answer_was_lost_pays_back_once(
    unpaid: Steps, address: str, ask: Ask, trouble: Trouble
) -> None:
    # given money that came after the end, and a refund of it without an answer
    end(unpaid)
    pay(unpaid, address)
    hear(unpaid)
    trouble("payments", "lost_answer", every=2)
    with pytest.raises(PartnerTrouble):
        settle(unpaid)
    trouble("payments", "none")

    # when
    for _ in range(2):
        settle(unpaid)

    # then
    assert (refunded_there(unpaid, ask), booked(unpaid, "refunded")) == (["67.97 CNY"], [(6_797, "CNY")])
    assert still_asked(unpaid) == []


def test_a_refund_that_nobody_asks_for_any_more_is_found_and_finished(
    unpaid: Steps, address: str, ask: Ask, trouble: Trouble
) -> None:
    # given an order whose workflow was terminated while it paid back
    pay(unpaid, address)
    unpaid.up_to("audit_order")
    trouble("payments", "lost_answer", every=2)
    with pytest.raises(PartnerTrouble):
        refund(unpaid)
    trouble("payments", "none")
    sweep = UnansweredSweep(unpaid.sessions)
    assert sweep.run(datetime.now(UTC)) == 0
    grow_old(unpaid, 25)
    [found] = [one for one in verify(unpaid.sessions).results if one.name == ANSWERED]

    # when
    told = [sweep.run(datetime.now(UTC)) for _ in range(2)]
    with unpaid.sessions() as session:
        checked = session.scalars(select(PartnerEventRow.subject).where(PartnerEventRow.type == CHECK_ASKED)).all()
    for order_id in checked:
        Settlement(unpaid.sessions, unpaid.refunds.ways).settle_payment(order_id)

    # then the relay carries the check to the order itself
    with unpaid.sessions.begin() as session:
        session.get_one(OrderRow, unpaid.order_id).workflow_started_at = datetime.now(UTC)
        session.flush()
        assert [row.target for row in session.execute(FIND_PAYMENT, {"keys": checked})] == [unpaid.order_id]

    # and the money is back, once
    assert found.first == (f"{unpaid.order_id}:refund:order",)
    assert (told, checked) == ([1, 1], [unpaid.order_id])
    assert (refunded_there(unpaid, ask), booked(unpaid, "refunded")) == (["67.97 CNY"], [(6_797, "CNY")])
    assert still_asked(unpaid) == []
