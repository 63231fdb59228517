"""Signals that come later than what they tell: an order does not go back to where it was."""

import threading
from collections.abc import Sequence
from typing import Any, cast

import pytest

from activities.pick import PickAnswer
from domain.status import FulfillmentStatus
from record.shipping.fulfillment_orders import FulfillmentStep
from record.shipping.progress import Progress, Reports
from tests.baton import Baton
from tests.workflows.test_cancel import LINES
from workflows.fulfillment import Fulfillment
from workflows.messages import OrderDeadlines
from workflows.order_context import OrderContext
from workflows.state import FulfillmentState, OrderInput

OPEN, PICKED, PACKED = FulfillmentStatus.OPEN, FulfillmentStatus.PICKED, FulfillmentStatus.PACKED


async def test_news_from_before_its_release_do_not_take_work_out_of_the_warehouse(
    silent: Baton, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given an order whose warehouse is asked to pick, and takes a while to answer
    asked, answers, pick = threading.Event(), threading.Event(), silent.steps["release_to_pick"]

    def release_to_pick(step: FulfillmentStep) -> PickAnswer:
        asked.set()
        answers.wait(40)
        return cast(PickAnswer, pick(step))

    monkeypatch.setitem(silent.instead, "release_to_pick", release_to_pick)
    order_id = await silent.order("OLD-NEWS")
    order = await silent.until(order_id, lambda order: asked.is_set() and bool(order["fulfillment_orders"]))
    work = order["fulfillment_orders"][0]

    # when it hears meanwhile where it stood before, as when another order has closed their shared parcel
    news = {"progress": {"1": {"status": OPEN, "number": 1}}}
    await silent.workflow(order_id).signal("progressed", news)
    answers.set()

    # then it waits for the warehouse, and is booked when that has packed
    await silent.until_page_says(order_id, f"{work['location_id']} to pick and pack")
    await silent.pick_and_pack(work["fulfillment_order_id"], **LINES)
    await silent.until(order_id, lambda order: bool(order["shipments"]))


async def test_a_signal_that_comes_during_a_look_and_tells_less_is_not_taken() -> None:
    # given work that looks into the record, where its goods are packed
    work = fulfillment(PACKED)
    found = Progress(PACKED, picked_units=3, number=4)

    async def look(step: Any, reports: Reports, summary: str) -> Progress:
        # when an older signal comes meanwhile, and the newest one
        work.reports.hear(Progress(PICKED, number=3, interception_refused=True, reported=["shipment.forgotten"]))
        work.reports.hear(Progress(PACKED, picked_units=3, number=5, short_units=1))
        return found

    taken: list[tuple[Progress, Sequence[str]]] = []

    async def take(progress: Progress, reported: Sequence[str]) -> None:
        taken.append((progress, reported))

    work.order.steps.run_local = look  # type: ignore[method-assign,assignment]
    work.reports._take = take  # type: ignore[method-assign]
    await work.reports.look()

    # then it stands where the record says, and knows what only the signal told
    [(progress, reported)] = taken
    assert (progress.number, progress.interception_refused, reported) == (4, True, ["shipment.forgotten"])
    assert [one.number for one in work.state.news] == [5]


def fulfillment(status: FulfillmentStatus) -> Fulfillment:
    order = OrderContext(OrderInput("O-1", "shop", OrderDeadlines(), edition=2))
    return Fulfillment(order, FulfillmentState("O-1-1", "SHANGHAI", 3, status))
