"""Money that is only reserved is captured as goods leave, never twice nor beyond."""

from collections.abc import Callable

import pytest
from sqlalchemy import select, text

from activities.capturing import CaptureAnswer, CaptureStep
from domain.errors import PartnerTrouble
from domain.money import Money
from domain.payment_terms import AT_ORDER, BY_SHIPMENT
from models.authorization import CaptureRow
from record.orders import payment_claims
from tests.activities.reserving import (
    CUP,
    CUP_COSTS,
    LAMPS,
    LAMPS_COST,
    TOTAL,
    agree,
    at_gateway,
    authorization,
    capture,
    moved,
    pack,
    placed,
    put,
    repay,
    reserved,
)
from tests.activities.story import Steps

__all__ = ["reserved"]


def test_each_parcel_is_captured_once_with_its_share(reserved: Steps) -> None:
    # given
    lamps, cup = pack(reserved, LAMPS), pack(reserved, CUP)

    # when each is asked for twice, and the gateway's word comes besides
    answers = [capture(reserved, name) for name in (lamps, lamps, cup, cup)]
    with reserved.sessions.begin() as session:
        payment_claims.capture(session, authorization(reserved).reference, Money(TOTAL, "CNY"))

    # then
    assert answers == [""] * 4
    assert moved(reserved, "captured") == [LAMPS_COST, CUP_COSTS]
    assert at_gateway(reserved).taken == Money(TOTAL, "CNY")


def test_a_webhook_before_the_answer_is_booked_once(reserved: Steps, trouble: Callable[..., None]) -> None:
    # given a capture whose answer is lost, while the gateway's word of it arrives
    lamps = pack(reserved, LAMPS)
    trouble("payments", "lost_answer")
    with pytest.raises(PartnerTrouble):
        capture(reserved, lamps)
    trouble("payments", "none")
    with reserved.sessions.begin() as session:
        payment_claims.capture(session, authorization(reserved).reference, Money(LAMPS_COST, "CNY"))

    # when it is asked for again
    capture(reserved, lamps)

    # then
    assert moved(reserved, "captured") == [LAMPS_COST]


def test_a_refusal_is_an_answer_and_the_next_attempt_asks_again(steps: Steps) -> None:
    agree(steps, BY_SHIPMENT)
    refused = placed(steps, "CAPTURE-REFUSED-")
    lamps = pack(refused, LAMPS)

    assert [capture(refused, lamps, number) for number in (1, 1, 2)] == ["declined", "declined", ""]
    assert moved(refused, "captured") == [LAMPS_COST]


def test_an_unanswering_gateway_is_asked_again_for_the_same(reserved: Steps, trouble: Callable[..., None]) -> None:
    # given a capture of which the answer is lost
    lamps = pack(reserved, LAMPS)
    trouble("payments", "lost_answer")
    with pytest.raises(PartnerTrouble):
        capture(reserved, lamps)
    trouble("payments", "none")

    # when its parcel is called back, and the goods leave in another
    put(reserved, lamps, "canceled")
    again = pack(reserved, LAMPS)
    capture(reserved, again)

    # then they are captured once
    assert at_gateway(reserved).taken == Money(LAMPS_COST, "CNY")
    assert moved(reserved, "captured") == [LAMPS_COST]


def test_a_parcel_that_is_sent_again_is_not_captured_twice(reserved: Steps) -> None:
    # given a lost parcel
    lamps = pack(reserved, LAMPS)
    capture(reserved, lamps)
    put(reserved, lamps, "canceled")

    # when its goods are sent again, with the rest
    capture(reserved, pack(reserved, LAMPS))
    capture(reserved, pack(reserved, CUP))

    # then
    assert sum(moved(reserved, "captured")) == TOTAL
    with reserved.sessions() as session:
        asked = select(CaptureRow.asked_minor).where(CaptureRow.order_id == reserved.order_id)
        assert list(session.scalars(asked.order_by(CaptureRow.subject))) == [LAMPS_COST, 0, CUP_COSTS]


def test_a_capture_at_the_order_takes_everything(steps: Steps) -> None:
    agree(steps, AT_ORDER)
    whole = placed(steps)

    assert [capture(whole) for _ in range(2)] == ["", ""]
    assert moved(whole, "captured") == [TOTAL]


def test_what_the_channel_ships_itself_is_captured_once_as_it_leaves(reserved: Steps) -> None:
    # given nothing, one lamp, and both lamps that the channel has shipped
    for gone in (0, 1, 1, 2):
        with reserved.sessions.begin() as session:
            mine = {"id": reserved.order_id, "gone": gone}
            session.execute(text("UPDATE order_lines SET elsewhere = :gone WHERE line_no = 1 AND order_id = :id"), mine)
        assert capture(reserved) == ""

    # when we ship the rest
    capture(reserved, pack(reserved, CUP))

    # then
    assert moved(reserved, "captured") == [1999 + 800, 1999, CUP_COSTS]


def test_goods_that_are_lost_and_not_sent_again_are_paid_back(reserved: Steps) -> None:
    # given
    cup = pack(reserved, CUP)
    capture(reserved, cup)
    put(reserved, cup, "canceled")
    with reserved.sessions.begin() as session:
        mine = {"id": reserved.order_id}
        session.execute(text("UPDATE order_lines SET withdrawn = 1 WHERE line_no = 2 AND order_id = :id"), mine)

    # when
    refunded = repay(reserved, CUP_COSTS)
    capture(reserved, pack(reserved, LAMPS))

    # then the first parcel had borne the shipping, which serves the second
    assert refunded == CUP_COSTS
    assert sum(moved(reserved, "captured")) - CUP_COSTS == LAMPS_COST


def test_nothing_reserved_asks_for_nothing(steps: Steps) -> None:
    assert steps.captures.capture_goods(CaptureStep(steps.order_id, steps.work)) == CaptureAnswer()
