"""Commands to a running order: its answers, and the API's answer when the order does not reply."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, update
from temporalio import workflow
from temporalio.client import Client
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from domain.status import OrderStatus
from embedded.temporal_server import find_program
from models.database import Sessions
from models.order import HoldRow, OrderRow
from settings import Settings
from tests.api.conftest import Api, assert_problem
from workflows.messages import CancelAnswer, CancelRequest, HoldAnswer, HoldRelease
from workflows.search_attributes import ALL
from workflows.starting import ORDER_WORKFLOW, order_start
from workflows.state import OrderInput

Place = Callable[..., Awaitable[str]]


@workflow.defn(name="OrderWorkflow")
class AnswersAsAsked:
    """An order whose answer to a cancellation is chosen by the reason, so that tests can get every answer."""

    def __init__(self) -> None:
        self.asked = 0
        self.ended = False

    @workflow.run
    async def run(self, order: OrderInput) -> None:
        await workflow.wait_condition(lambda: self.ended and workflow.all_handlers_finished())

    @workflow.update
    async def cancel(self, request: CancelRequest) -> CancelAnswer:
        self.asked += 1
        if request.reason == "never answer":
            await workflow.wait_condition(lambda: self.ended)
        self.ended = request.reason == "end"
        answer = {"intercept": "interception_asked", "too late": "refused"}.get(request.reason, "done")
        return CancelAnswer(answer, f"{request.actor} asked {self.asked} times")

    @cancel.validator
    def _may_cancel(self, request: CancelRequest) -> None:
        if request.reason == "validator":
            raise ApplicationError("the order is already delivered", type="TooLate")

    @workflow.update
    async def release_hold(self, release: HoldRelease) -> HoldAnswer:
        return HoldAnswer(["goods"])


@pytest.fixture(scope="module")
async def temporal() -> AsyncIterator[Client]:
    async with await WorkflowEnvironment.start_local(
        dev_server_existing_path=find_program(), dev_server_log_level="error", search_attributes=ALL
    ) as environment:
        yield environment.client


@pytest.fixture
def settings(settings: Settings, temporal: Client, request: pytest.FixtureRequest) -> Settings:
    return settings.model_copy(
        update={
            "temporal_address": temporal.service_client.config.target_host,
            "task_queue": f"orders of {request.node.name}",
            "rpc_timeout": timedelta(seconds=1),
        }
    )


@pytest.fixture
async def worker(temporal: Client, settings: Settings) -> AsyncIterator[None]:
    async with Worker(
        temporal,
        task_queue=settings.task_queue,
        workflows=[AnswersAsAsked],
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):
        yield


@dataclass
class Orders:
    """Places orders with channel order ids that no other test uses, since all tests share one Temporal."""

    place: Place
    sessions: Sessions
    temporal: Client
    settings: Settings
    name: str

    async def started(self) -> str:
        order_id = await self.waiting()
        start = order_start(self.settings, order_id, "tmall", self.name, "C-1001", units=3)
        await self.temporal.start_workflow(ORDER_WORKFLOW, **start)
        self.change(order_id, workflow_started_at=func.now())
        return order_id

    async def waiting(self) -> str:
        return await self.place(channel_order_id=self.name)

    def change(self, order_id: str, **values: Any) -> None:
        with self.sessions.begin() as session:
            session.execute(update(OrderRow).where(OrderRow.order_id == order_id).values(**values))


@pytest.fixture
def orders(
    place: Place, sessions: Sessions, temporal: Client, settings: Settings, request: pytest.FixtureRequest
) -> Orders:
    return Orders(
        place, sessions, temporal, settings, request.node.name.replace("[", ".").rstrip("]").replace(" ", ".")
    )


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize(("reason", "how"), [("changed her mind", "done"), ("intercept", "interception_asked")])
async def test_a_canceled_order_answers_how_it_was_stopped(tmall: Api, orders: Orders, reason: str, how: str) -> None:
    order_id = await orders.started()
    answer = await tmall.post(f"/orders/{order_id}/cancel", json={"reason": reason})
    assert answer.status_code == 200, answer.text
    assert answer.json()["answer"] == how
    assert answer.json()["detail"] == "tmall-connector asked 1 times"


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("reason", ["too late", "validator"])
async def test_an_order_may_refuse_to_be_canceled(tmall: Api, orders: Orders, reason: str) -> None:
    answer = await tmall.post(f"/orders/{await orders.started()}/cancel", json={"reason": reason})
    problem = assert_problem(answer, 409, "refused")
    assert problem["detail"] in ("tmall-connector asked 1 times", "the order is already delivered")


@pytest.mark.usefixtures("worker")
async def test_the_same_request_again_gets_the_same_answer(tmall: Api, orders: Orders) -> None:
    order_id = await orders.started()
    answers = [await tmall.post(f"/orders/{order_id}/cancel", json={"reason": "wrong size"}) for _ in range(2)]
    assert answers[0].json() == answers[1].json()


@pytest.mark.usefixtures("worker")
async def test_an_order_in_the_backlog_is_started_to_be_canceled(tmall: Api, orders: Orders) -> None:
    order_id = await orders.waiting()
    answer = await tmall.post(f"/orders/{order_id}/cancel", json={"reason": "changed her mind"})
    assert (answer.status_code, answer.json()["answer"]) == (200, "done")


@pytest.mark.usefixtures("worker")
async def test_an_ended_order_refuses_unless_it_is_canceled_already(tmall: Api, orders: Orders) -> None:
    # given an order whose workflow is over
    order_id = await orders.started()
    await tmall.post(f"/orders/{order_id}/cancel", json={"reason": "end"})
    await orders.temporal.get_workflow_handle(f"order/tmall/{orders.name}").result()

    # then a completed one refuses
    orders.change(order_id, status=OrderStatus.COMPLETED)
    answer = await tmall.post(f"/orders/{order_id}/cancel", json={"reason": "changed her mind"})
    assert assert_problem(answer, 409, "refused")["detail"] == "the order is already completed"

    # and also if the record does not know yet that the workflow was started
    orders.change(order_id, workflow_started_at=None)
    answer = await tmall.post(f"/orders/{order_id}/cancel", json={"reason": "changed her mind"})
    assert assert_problem(answer, 409, "refused")["detail"] == "the order is already completed"

    # and a canceled one answers `done`
    orders.change(order_id, status=OrderStatus.CANCELED)
    answer = await tmall.post(f"/orders/{order_id}/cancel", json={"reason": "changed her mind"})
    assert (answer.status_code, answer.json()["answer"]) == (200, "done")


@pytest.mark.usefixtures("worker")
async def test_an_order_that_does_not_answer_in_time_is_pending(tmall: Api, orders: Orders) -> None:
    answer = await tmall.post(f"/orders/{await orders.started()}/cancel", json={"reason": "never answer"})
    assert (answer.status_code, answer.json()["answer"]) == (202, "pending")


async def test_an_order_without_a_worker_is_pending(tmall: Api, orders: Orders) -> None:
    answer = await tmall.post(f"/orders/{await orders.started()}/cancel", json={"reason": "changed her mind"})
    assert (answer.status_code, answer.json()["answer"]) == (202, "pending")


@pytest.mark.usefixtures("worker")
async def test_staff_release_an_open_hold(staff: Api, tmall: Api, orders: Orders, sessions: Sessions) -> None:
    order_id = await orders.started()
    with sessions.begin() as session:
        session.add(HoldRow(order_id=order_id, code="address", reason="no street", owner_role="support"))
    address = f"/orders/{order_id}/holds/address/release"
    assert_problem(await tmall.post(address, json={}), 403, "forbidden")
    assert_problem(await staff.post(f"/orders/{order_id}/holds/payment/release", json={}), 404, "not-found")
    answer = await staff.post(address, json={"note": "confirmed by phone"})
    assert answer.status_code == 200, answer.text
    assert (answer.json()["answer"], answer.json()["holds"]) == ("done", ["goods"])


async def test_nobody_cancels_an_order_they_may_not_see(shop: Api, viewer: Api, orders: Orders) -> None:
    order_id = await orders.waiting()
    assert_problem(await shop.post(f"/orders/{order_id}/cancel", json={"reason": "x"}), 404, "not-found")
    assert_problem(await viewer.post(f"/orders/{order_id}/cancel", json={"reason": "x"}), 403, "forbidden")
