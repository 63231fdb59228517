"""Continue-as-new, forced at every moment: a new run takes over the order without a visible change."""

from dataclasses import replace
from typing import Any

import pytest

from tests.baton import Baton
from tests.workflows.test_cancel import LINES
from workflows import starting


@pytest.fixture
def short_histories(monkeypatch: pytest.MonkeyPatch) -> None:
    """Orders continue as new after a handful of events instead of thousands."""
    whole = starting.order_start

    def short(*args: Any) -> dict[str, Any]:
        start = whole(*args)
        return start | {"arg": replace(start["arg"], continue_after_events=12)}

    monkeypatch.setattr("relay.carry.order_start", short)


async def runs(baton: Baton, order_id: str) -> int:
    query = f"WorkflowId = '{baton.workflow(order_id).id}'"
    return (await baton.client.count_workflows(query)).count


async def until_runs(baton: Baton, order_id: str, number: int) -> None:
    while await runs(baton, order_id) < number:
        await baton.until(order_id, lambda order: True)


async def test_an_order_continues_as_new_until_it_is_delivered(silent: Baton, short_histories: None) -> None:
    # Given an order whose history is cut again and again
    order_id = await silent.order("HANDEDON")
    order = await silent.until_fulfillment(order_id, "released")
    fulfillment_order_id = order["fulfillment_orders"][0]["fulfillment_order_id"]
    await until_runs(silent, order_id, 2)

    # When it is picked, shipped and delivered
    await silent.wms("fulfillment_order.picking", fulfillment_order_id=fulfillment_order_id)
    await silent.pick_and_pack(fulfillment_order_id, **LINES)
    order = await silent.until(order_id, lambda order: bool(order["shipments"]))
    for status in ("in_transit", "out_for_delivery", "delivered"):
        await silent.track(order, status)

    # Then it is completed, once
    await silent.until_status(order_id, "completed")
    assert await runs(silent, order_id) >= 2
    silent.verify()


async def test_a_held_order_keeps_its_holds_over_runs(silent: Baton, short_histories: None) -> None:
    address = {"name": "Lin Xia", "phone": "+8613800138000", "country": "CN", "city": "深圳"}
    order_id = await silent.order("HELDON", ship_to=address, lines=[("NO-SUCH-THING", 1, "5.00")])
    await silent.until(order_id, lambda order: len(order["holds"]) == 2)

    await silent.api.post(f"/orders/{order_id}/holds/ADDRESS/release", json={"note": "known"})
    await silent.api.post(f"/orders/{order_id}/holds/UNKNOWN_GOODS/release", json={"note": "not really"})

    # Then it is accepted, and waits for stock that nobody has
    order = await silent.until_status(order_id, "accepted")
    assert order["holds"] == []


async def test_an_order_that_continued_as_new_can_still_be_undone(silent: Baton, short_histories: None) -> None:
    order_id = await silent.order("UNDOON")
    await silent.until_fulfillment(order_id, "released")
    await until_runs(silent, order_id, 2)

    answer = (await silent.cancel(order_id)).json()

    assert answer["answer"] == "done"
    order = await silent.until_status(order_id, "canceled")
    assert order["payment_status"] == "refunded"
    silent.verify()
