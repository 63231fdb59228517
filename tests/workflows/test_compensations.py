"""A step that cannot be done undoes the earlier ones, and an undo that keeps failing alerts a person."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from temporalio import activity
from temporalio.client import WorkflowUpdateStage
from temporalio.testing import WorkflowEnvironment

from activities.allocate import Allocation
from activities.audit import AuditRequest, AuditResult
from activities.reserve import StockRequest
from domain.errors import PartnerTrouble, PickRefused
from domain.status import NotAllowed
from domain.undo import Undone, UndoRequest
from record.shipping.fulfillment_orders import FulfillmentStep
from record.sourcing.claims import Reservation
from tests.baton import QUICK, Baton, open_baton


@activity.defn(name="audit_order")
def no_audit(request: AuditRequest) -> AuditResult:
    raise NotAllowed("impossible")


@activity.defn(name="reserve_stock")
def no_reservation(request: StockRequest) -> Reservation:
    raise NotAllowed("impossible")


@activity.defn(name="allocate_stock")
def no_allocation(request: StockRequest) -> Allocation:
    raise NotAllowed("impossible")


@activity.defn(name="release_to_pick")
def no_pick(step: FulfillmentStep) -> None:
    raise PickRefused("impossible")


@activity.defn(name="book_shipment")
def no_booking(step: FulfillmentStep) -> None:
    raise NotAllowed("impossible")


@activity.defn(name="recall_pick")
def recall_down(undo: UndoRequest) -> Undone:
    raise PartnerTrouble("wms POST /recall: answered 503")


@pytest.fixture
def baton_where(temporal: WorkflowEnvironment, database_url: str) -> Callable[[Callable[..., Any]], Any]:
    """Run a Baton in which one activity is replaced."""

    @asynccontextmanager
    async def opened(step: Callable[..., Any]) -> AsyncIterator[Baton]:
        name = step.__temporal_activity_definition.name  # type: ignore[attr-defined]
        async with open_baton(temporal, database_url, QUICK, instead={name: step}) as baton:
            yield baton

    return opened


@pytest.mark.parametrize("step", [no_reservation, no_allocation], ids=["reserve", "allocate"])
async def test_failing_at_each_step_undoes_the_earlier_ones(baton_where: Any, step: Callable[..., Any]) -> None:
    async with baton_where(step) as baton:
        # When a step can never be done
        order_id = await baton.order("IMPOSSIBLE")

        # Then the order is rejected, its money is back and nothing is held for it
        order = await baton.until_status(order_id, "rejected")
        assert order["payment_status"] == "refunded"
        baton.verify()


async def test_an_audit_that_cannot_be_done_rejects_the_order(baton_where: Any) -> None:
    async with baton_where(no_audit) as baton:
        order_id = await baton.order("IMPOSSIBLE")

        await baton.until_status(order_id, "rejected")

        baton.verify()


@pytest.mark.parametrize("step", [no_pick, no_booking], ids=["pick", "ship"])
async def test_a_step_that_fails_at_a_location_waits_for_a_person_who_may_cancel(
    baton_where: Any, step: Callable[..., Any]
) -> None:
    async with baton_where(step) as baton:
        # Given an order that is stuck at a location
        order_id = await baton.order("STUCK")
        order = await baton.until(order_id, lambda order: bool(order["holds"]))
        assert order["holds"][0]["code"] == "STEP_FAILED"

        # When a person cancels it
        answer = (await baton.cancel(order_id)).json()

        # Then everything is undone
        assert answer["answer"] == "done"
        order = await baton.until_status(order_id, "canceled")
        assert order["payment_status"] == "refunded"
        baton.verify()


async def test_an_undo_that_keeps_failing_alerts_a_person_and_is_retried(temporal: Any, database_url: str) -> None:
    async with open_baton(temporal, database_url, 3600, instead={"recall_pick": recall_down}) as baton:
        # Given an order that is canceled while the warehouse cannot be reached
        order_id = await baton.order("NOWMS")
        await baton.until_fulfillment(order_id, "released")
        workflow = baton.workflow(order_id)
        await workflow.start_update(
            "cancel", {"reason": "changed my mind", "actor": "test"}, wait_for_stage=WorkflowUpdateStage.ACCEPTED
        )

        # When that takes longer than a person's patience
        await baton.fast_forward(workflow, baton.settings.deadlines.attention + timedelta(minutes=1))

        # Then a person is alerted, and the order does not count as canceled
        alert = await baton.until_event(order_id, "alert.raised")
        assert alert[0]["data"]["code"] == "UNDO_FAILS"
        assert (await baton.show(order_id))["status"] == "in_progress"
