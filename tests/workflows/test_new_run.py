"""What an order knows that has continued as new just when something came: nothing of it is lost."""

import asyncio
from typing import cast

import pytest

from domain.disputes import DISPUTED
from workflows.booking import Booking
from workflows.compensations import UndoList
from workflows.fulfillment import Fulfillment
from workflows.merging import Merging
from workflows.messages import OrderDeadlines
from workflows.order_context import OrderContext
from workflows.review import Review
from workflows.state import FulfillmentState, OrderInput, OrderState
from workflows.supply import Supply


def continued(state: OrderState) -> OrderContext:
    return OrderContext(OrderInput("O-1", "shop", OrderDeadlines(), state, edition=2))


async def test_a_dispute_that_was_decided_meanwhile_lets_the_parcel_be_booked() -> None:
    # given a parcel that stays since its carrier was last asked, and a decision since
    work = FulfillmentState("O-1-1", "SHANGHAI", 3, disputes_known=1)
    order = continued(OrderState(holds=[DISPUTED], disputes_heard=2, fulfillments=[work]))
    nothing = cast(Merging, None)
    undo = UndoList(order.order_id, work.undo, order.steps, order.deadlines)

    # then it does not wait for a person
    await Booking(order, work, undo, nothing, lambda: False).wait_for_dispute()


def test_a_report_that_may_cure_a_hold_is_looked_at() -> None:
    order = continued(OrderState(status="under_review", audits=1, holds=["PAYMENT"], audit_again=True))

    assert Review(order, Supply(order))._changed(unpaid=True)()


async def test_work_under_way_is_followed_at_once_and_by_one_task(monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    work, followed = FulfillmentState("O-1-1", "SHANGHAI", 3), list[str]()
    supply = Supply(continued(OrderState(status="in_progress", fulfillments=[work])))

    async def follow(fulfillment: Fulfillment) -> None:
        followed.append(fulfillment.name)

    monkeypatch.setattr(supply, "_follow", follow)

    # when goods are sent, and again after an edit
    for _ in range(2):
        supply.follow()
        await asyncio.sleep(0)

    # then
    assert followed == ["O-1-1"]


def test_goods_that_the_channel_has_shipped_are_taken_out_before_any_are_claimed() -> None:
    order = continued(OrderState(status="in_progress", shipped_elsewhere=1))

    assert not Supply(order)._must_source()
