"""A step that cannot be done undoes the earlier ones, and an undo that keeps failing is seen."""

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
from tests.house import QUICK, House, open_house


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
def house_where(temporal: WorkflowEnvironment, database_url: str) -> Callable[[Callable[..., Any]], Any]:
    """A house in which one step is replaced."""

    @asynccontextmanager
    async def opened(step: Callable[..., Any]) -> AsyncIterator[House]:
        name = step.__temporal_activity_definition.name  # type: ignore[attr-defined]
        async with open_house(temporal, database_url, QUICK, instead={name: step}) as house:
            yield house

    return opened


@pytest.mark.parametrize("step", [no_reservation, no_allocation], ids=["reserve", "allocate"])
async def test_failing_at_each_step_undoes_the_earlier_ones(house_where: Any, step: Callable[..., Any]) -> None:
    async with house_where(step) as house:
        # When a step can never be done
        order_id = await house.order("IMPOSSIBLE")

        # Then the order is rejected, its money is back and nothing is held for it
        order = await house.until_status(order_id, "rejected")
        assert order["payment_status"] == "refunded"
        house.verify()


async def test_an_audit_that_cannot_be_done_rejects_the_order(house_where: Any) -> None:
    async with house_where(no_audit) as house:
        order_id = await house.order("IMPOSSIBLE")

        await house.until_status(order_id, "rejected")

        house.verify()


@pytest.mark.parametrize("step", [no_pick, no_booking], ids=["pick", "ship"])
async def test_a_step_that_fails_at_a_location_waits_for_a_person_who_may_cancel(
    house_where: Any, step: Callable[..., Any]
) -> None:
    async with house_where(step) as house:
        # Given an order that is stuck at a location
        order_id = await house.order("STUCK")
        order = await house.until(order_id, lambda order: bool(order["holds"]))
        assert order["holds"][0]["code"] == "STEP_FAILED"

        # When a person cancels it
        answer = (await house.cancel(order_id)).json()

        # Then everything is undone
        assert answer["answer"] == "done"
        order = await house.until_status(order_id, "canceled")
        assert order["payment_status"] == "refunded"
        house.verify()


async def test_an_undo_that_keeps_failing_calls_a_person_and_goes_on_trying(temporal: Any, database_url: str) -> None:
    async with open_house(temporal, database_url, 3600, instead={"recall_pick": recall_down}) as house:
        # Given an order that is canceled while the warehouse cannot be reached
        order_id = await house.order("NOWMS")
        await house.until_fulfillment(order_id, "released")
        workflow = house.workflow(order_id)
        await workflow.start_update(
            "cancel", {"reason": "changed my mind", "actor": "test"}, wait_for_stage=WorkflowUpdateStage.ACCEPTED
        )

        # When that takes longer than a person's patience
        await house.fast_forward(workflow, house.settings.deadlines.attention + timedelta(minutes=1))

        # Then somebody is told, and the order is not called canceled
        alert = await house.until_event(order_id, "alert.raised")
        assert alert[0]["data"]["code"] == "UNDO_FAILS"
        assert (await house.show(order_id))["status"] == "in_progress"
