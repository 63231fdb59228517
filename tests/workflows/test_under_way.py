"""A cancel, return or new address that comes while a step is under way, or that a warehouse refuses."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from temporalio.client import WorkflowFailureError, WorkflowUpdateStage
from temporalio.exceptions import ApplicationError

from activities.audit import AuditRequest
from activities.audit_findings import AuditResult
from activities.reserve import StockRequest
from domain.undo import Undone, UndoRequest
from record.sourcing.allocations import Allocation
from tests.api.channel_calls import open_account, push
from tests.baton import Baton, order_body
from tests.workflows.test_cancel import LINES, shipped
from tests.workflows.test_returns import ask, until_case
from workflows.capturing import Capturing
from workflows.elsewhere import FulfilledElsewhere
from workflows.messages import OrderDeadlines
from workflows.order_context import OrderContext
from workflows.state import OrderInput, OrderState

PAUSE = timedelta(hours=1)


class Trouble:
    """Warehouses that do not give back the work of some orders, and a database that stands still.

    Orders are allocated `at_once` with their audit, or by the step of its own."""

    def __init__(self, steps: Mapping[str, Callable[[Any], Any]]) -> None:
        self.kept: set[str] = set()
        self.down = False
        self.at_once = False
        self.failed = 0
        self._audit, self._allocate = steps["audit_order"], steps["allocate_stock"]

    def audit_order(self, request: AuditRequest) -> AuditResult:
        result: AuditResult = self._audit(request if self.at_once else replace(request, round=0))
        return result

    def recall_pick(self, undo: UndoRequest) -> Undone:
        """Refuse as a Qimen warehouse does: whatever the reason, it is too late."""
        return Undone(False, "too_late") if undo.order_id in self.kept else Undone(True, "recalled")

    def allocate_stock(self, request: StockRequest) -> Allocation:
        if self.down:
            self.failed += 1
            raise ApplicationError("the database restarts", next_retry_delay=PAUSE)
        allocation: Allocation = self._allocate(request)
        return allocation


@pytest.fixture
def trouble(silent: Baton, monkeypatch: pytest.MonkeyPatch) -> Trouble:
    trouble = Trouble(silent.steps)
    for step in (trouble.recall_pick, trouble.audit_order, trouble.allocate_stock):
        monkeypatch.setitem(silent.instead, step.__name__, step)
    return trouble


async def test_an_order_goes_on_when_its_warehouse_refuses_the_cancel(silent: Baton, trouble: Trouble) -> None:
    # given an order that is being picked
    order_id = await silent.order("KEPT")
    order = await silent.until_fulfillment(order_id, "released")
    work = order["fulfillment_orders"][0]["fulfillment_order_id"]
    trouble.kept.add(order_id)

    # when its warehouse does not give it back, twice at once
    answers = await asyncio.gather(silent.cancel(order_id), silent.cancel(order_id))
    assert {answer.status_code for answer in answers} == {409}

    # then it is packed and booked, as if nobody had asked
    await silent.pick_and_pack(work, **LINES)
    await silent.until(order_id, lambda order: bool(order["shipments"]))

    # and when it is refused once more, a carrier is booked again, since the first booking was voided
    assert (await cancel(silent, order_id, "again")).status_code == 409
    first = f"{work}-S1"
    order = await silent.until(order_id, lambda order: [one["shipment_id"] for one in order["shipments"]] != [first])
    assert [one["voided_at"] for one in order["shipments"] if one["shipment_id"] != first] == [None]

    # and when the warehouse gives it back at last, it is canceled
    trouble.kept.clear()
    assert (await cancel(silent, order_id, "for the last time")).json()["answer"] == "done"
    order = await silent.until_status(order_id, "canceled")
    assert order["payment_status"] == "refunded"
    silent.verify()


@pytest.mark.parametrize("at_once", [False, True])
async def test_an_order_canceled_during_its_allocation_is_not_sent(
    silent: Baton, trouble: Trouble, at_once: bool
) -> None:
    # given an allocation that waits to be tried again, or whose answer does
    trouble.down, trouble.at_once = True, at_once
    order_id = await silent.order(f"ALLOCATING-{at_once}")
    await silent.until(order_id, lambda order: trouble.failed > 0)
    workflow = silent.workflow(order_id)

    # when the order is canceled meanwhile, and the database is back
    request = {"reason": "changed my mind", "actor": "test"}
    canceling = await workflow.start_update("cancel", request, wait_for_stage=WorkflowUpdateStage.ACCEPTED)
    trouble.down = False
    await silent.fast_forward(workflow, PAUSE)

    # then no warehouse is asked for what came of it
    assert (await canceling.result())["answer"] == "done"
    order = await silent.until_status(order_id, "canceled")
    [work] = order["fulfillment_orders"]
    asked = await silent.simulators.get(f"/wms/fulfillment-orders/{work['fulfillment_order_id']}")
    assert (work["status"], asked.status_code, order["payment_status"]) == ("canceled", 404, "refunded")
    silent.verify()


@pytest.mark.parametrize("at_once", [False, True])
async def test_goods_given_back_during_their_allocation_are_not_sent(
    silent: Baton, trouble: Trouble, at_once: bool
) -> None:
    # given
    trouble.down, trouble.at_once = True, at_once
    order_id = await silent.order(f"GIVEN-BACK-{at_once}")
    await silent.until(order_id, lambda order: trouble.failed > 0)

    # when everything is given back, and then the database is back
    await ask(silent, order_id, "R-1", line_1=2, line_2=1)
    await silent.until_event(order_id, "return.requested" if at_once else "order.changed")
    trouble.down = False
    await silent.fast_forward(silent.workflow(order_id), PAUSE)

    # then
    case = await until_case(silent, order_id, "R-1", "closed")
    order = await silent.until_status(order_id, "canceled")
    work = [(one["status"], one["released_at"]) for one in order["fulfillment_orders"]]
    assert (case["goods"], order["payment_status"]) == ("recalled", "refunded")
    assert work == ([("canceled", None)] if at_once else [])
    silent.verify()


async def test_a_parcel_that_came_back_is_not_sent_again_when_its_goods_are_given_back(silent: Baton) -> None:
    # given everything is given back, and the carrier does not stop the parcel
    order_id = await shipped(silent, "BACKAGAIN")
    await ask(silent, order_id, "R-1", line_1=2, line_2=1)
    await silent.until_event(order_id, "shipment.interception_asked")
    order = await silent.show(order_id)
    parcel = {name: order["shipments"][0][name] for name in ("shipment_id", "waybill")}
    await silent.tms("shipment.interception_answered", accepted=False, reason="at the door", **parcel)

    # when nobody takes it at the door
    work = order["fulfillment_orders"][0]["fulfillment_order_id"]
    await silent.wms("fulfillment_order.returned", fulfillment_order_id=work, location_id="GUANGZHOU")

    # then the case has its goods, and nothing is sent again
    case = await until_case(silent, order_id, "R-1", "closed")
    order = await silent.until_status(order_id, "canceled")
    assert (case["goods"], len(order["fulfillment_orders"]), order["holds"]) == ("intercepted", 1, [])
    assert order["payment_status"] == "refunded"
    silent.verify()


async def test_a_case_ends_with_its_order_that_is_canceled_meanwhile(silent: Baton) -> None:
    # given a case about goods whose carrier was asked in vain to stop them
    order_id = await shipped(silent, "BOTH")
    await ask(silent, order_id, "R-1", line_1=2, line_2=1)
    await silent.until_event(order_id, "shipment.interception_asked")

    # when the order is canceled too, and the parcel comes back
    assert (await silent.cancel(order_id)).json()["answer"] == "interception_asked"
    work = (await silent.show(order_id))["fulfillment_orders"][0]["fulfillment_order_id"]
    await silent.wms("fulfillment_order.returned", fulfillment_order_id=work, location_id="GUANGZHOU")

    # then the money goes back once
    await until_case(silent, order_id, "R-1", "closed")
    order = await silent.until_status(order_id, "canceled")
    refunds = [one["amount"] for one in order["payments"] if one["kind"] == "refunded"]
    assert sum(float(amount) for amount in refunds) == 330
    silent.verify()


async def test_an_order_changed_after_its_acceptance_is_audited_again(silent: Baton, trouble: Trouble) -> None:
    # given an order that was accepted and is not allocated yet
    open_account(silent.sessions, "shop")
    body = order_body("MOVED-LATE")
    trouble.down = True
    news = {"type": "order.created", "data": body | {"modified_at": "2026-11-20T09:00:00Z"}}
    order_id = (await push(silent.api, "shop", json.dumps(news).encode())).json()["order_id"]
    silent.placed[order_id] = "MOVED-LATE"
    await silent.until(order_id, lambda order: trouble.failed > 0)

    # when its address changes
    moved = body["ship_to"] | {"province": "上海市", "city": "上海市", "lines": ["88 Century Avenue"]}
    news = {"type": "order.address_changed", "data": body | {"modified_at": "2026-11-20T11:00:00Z", "ship_to": moved}}
    await push(silent.api, "shop", json.dumps(news).encode())
    trouble.down = False
    await silent.fast_forward(silent.workflow(order_id), PAUSE)

    # then it is judged before it is sent
    order = await silent.until_fulfillment(order_id, "released")
    [audits] = silent.rows("SELECT count(*) FROM audits WHERE order_id = :id", id=order_id)
    assert (audits.count, order["ship_to"]["city"]) == (2, "上海市")
    asked = await silent.simulators.get(f"/wms/fulfillment-orders/{order_id}-1")
    assert asked.json()["request"]["ship_to"]["city"] == "上海市"


async def test_a_case_canceled_in_temporal_is_canceled_in_the_record(silent: Baton) -> None:
    # given a case that waits for its goods
    order_id = await shipped(silent, "CASE")
    await silent.track(await silent.show(order_id), "delivered")
    await silent.until_status(order_id, "completed")
    await ask(silent, order_id, "R-1", line_1=1)
    await silent.until_event(order_id, "return.label_issued")

    # when
    workflow = silent.case(order_id, "R-1")
    await workflow.cancel()

    # then
    with pytest.raises(WorkflowFailureError):
        await workflow.result()
    await until_case(silent, order_id, "R-1", "canceled")
    silent.verify()


async def test_a_case_canceled_in_temporal_too_late_ends_as_usual(silent: Baton) -> None:
    # given a case whose goods are here
    order_id = await shipped(silent, "CASE-LATE")
    await silent.track(await silent.show(order_id), "delivered")
    await silent.until_status(order_id, "completed")
    await ask(silent, order_id, "R-1", line_1=1)
    await silent.until_event(order_id, "return.label_issued")
    goods: dict[str, Any] = {"return_id": (await until_case(silent, order_id, "R-1", "approved"))["return_id"]}
    goods |= {"location_id": "GUANGZHOU", "lines": [{"sku": "ELEGANT-LAMP", "quantity": 1, "disposition": "restock"}]}
    await silent.wms("return.received", **goods)
    await until_case(silent, order_id, "R-1", "received")

    # when
    await silent.case(order_id, "R-1").cancel()
    await silent.wms("return.inspected", **goods)

    # then
    await until_case(silent, order_id, "R-1", "closed")
    assert (await silent.case(order_id, "R-1").result())["outcome"] == "closed"
    silent.verify()


async def test_an_edit_while_the_gateway_captures_keeps_the_order_open(monkeypatch: pytest.MonkeyPatch) -> None:
    # given an order of which all has left
    start = OrderInput("O-1", "shop", OrderDeadlines(), OrderState(needs_stock=False), edition=2)
    order = OrderContext(start)

    async def capture(capturing: Capturing) -> None:
        order.editing = True

    monkeypatch.setattr(Capturing, "elsewhere", capture)

    # then goods may come to it
    assert not await FulfilledElsewhere(order, [], lambda: None).all_left()


async def cancel(baton: Baton, order_id: str, reason: str) -> httpx2.Response:
    """Each cancel has its own reason: a repeated one would get the same answer."""
    return await baton.api.post(f"/orders/{order_id}/cancel", json={"reason": reason})
