"""A step that cannot be done undoes the earlier ones, and an undo that keeps failing alerts a person."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from temporalio.client import WorkflowUpdateStage

from activities.audit import AuditRequest
from activities.audit_findings import AuditResult
from activities.reserve import StockRequest
from domain.errors import PartnerTrouble, PickRefused
from domain.status import NotAllowed
from domain.undo import Undone, UndoRequest
from record.shipping.fulfillment_orders import FulfillmentStep
from record.sourcing.allocations import Allocation
from record.sourcing.claims import Reservation
from tests.baton import Baton


def audit_order(request: AuditRequest) -> AuditResult:
    raise NotAllowed("impossible")


def reserve_stock(request: StockRequest) -> Reservation:
    raise NotAllowed("impossible")


def allocate_stock(request: StockRequest) -> Allocation:
    raise NotAllowed("impossible")


def release_to_pick(step: FulfillmentStep) -> None:
    raise PickRefused("impossible")


def book_shipment(step: FulfillmentStep) -> None:
    raise NotAllowed("impossible")


def recall_pick(undo: UndoRequest) -> Undone:
    raise PartnerTrouble("wms POST /recall: answered 503")


@pytest.mark.parametrize("step", [reserve_stock, allocate_stock], ids=["reserve", "allocate"])
async def test_failing_at_each_step_undoes_the_earlier_ones(
    quick: Baton, step: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(quick.instead, step.__name__, step)

    # When a step can never be done
    order_id = await quick.order("IMPOSSIBLE")

    # Then the order is rejected, its money is back and nothing is held for it
    order = await quick.until_status(order_id, "rejected")
    assert order["payment_status"] == "refunded"
    quick.verify()


async def test_an_audit_that_cannot_be_done_rejects_the_order(quick: Baton, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(quick.instead, "audit_order", audit_order)

    order_id = await quick.order("IMPOSSIBLE")

    await quick.until_status(order_id, "rejected")
    quick.verify()


@pytest.mark.parametrize("step", [release_to_pick, book_shipment], ids=["pick", "ship"])
async def test_a_step_that_fails_at_a_location_waits_for_a_person_who_may_cancel(
    quick: Baton, step: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given an order that is stuck at a location
    monkeypatch.setitem(quick.instead, step.__name__, step)
    order_id = await quick.order("STUCK")
    order = await quick.until(order_id, lambda order: bool(order["holds"]))
    assert order["holds"][0]["code"] == "STEP_FAILED"

    # When a person cancels it
    answer = (await quick.cancel(order_id)).json()

    # Then everything is undone
    assert answer["answer"] == "done"
    order = await quick.until_status(order_id, "canceled")
    assert order["payment_status"] == "refunded"
    quick.verify()


async def test_an_undo_that_keeps_failing_alerts_a_person_and_is_retried(
    silent: Baton, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given an order that is canceled while the warehouse cannot be reached
    monkeypatch.setitem(silent.instead, "recall_pick", recall_pick)
    order_id = await silent.order("NOWMS")
    await silent.until_fulfillment(order_id, "released")
    workflow = silent.workflow(order_id)
    await workflow.start_update(
        "cancel", {"reason": "changed my mind", "actor": "test"}, wait_for_stage=WorkflowUpdateStage.ACCEPTED
    )

    # When that takes longer than a person's patience
    await silent.fast_forward(workflow, silent.settings.deadlines.attention + timedelta(minutes=1))

    # Then a person is alerted, and the order does not count as canceled
    alert = await silent.until_event(order_id, "alert.raised")
    assert alert[0]["data"]["code"] == "UNDO_FAILS"
    assert (await silent.show(order_id))["status"] == "in_progress"
