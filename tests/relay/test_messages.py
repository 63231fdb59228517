"""The relay queues each fact once for each subscriber, and costs two queries while nobody subscribes."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, cast

import pytest
from sqlalchemy import event, text, update
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from domain import milestones
from domain.ids import redelivery_id
from domain.milestones import RECIPIENTS
from models.database import Sessions
from models.subscription import DeliveryRow
from record import journal
from record.subscriptions import queue
from relay.messages import MessageJob
from settings import Settings
from tests.factories import an_order, place_order, place_orders
from tests.record.receiver import Post


@pytest.fixture
def client(temporal: WorkflowEnvironment) -> Client:
    return temporal.client


@pytest.fixture
def job(sessions: Sessions, client: Client, settings: Settings) -> MessageJob:
    return MessageJob(sessions, client, settings)


@pytest.fixture
def post(sessions: Sessions) -> Post:
    return Post(sessions)


@pytest.fixture
def asked(sessions: Sessions) -> Iterator[list[str]]:
    """The statements sent to PostgreSQL."""
    statements = list[str]()

    def record(_: object, __: object, statement: str, *___: object) -> None:
        statements.append(statement)

    engine = sessions.kw["bind"]
    event.listen(engine, "before_cursor_execute", record)
    yield statements
    event.remove(engine, "before_cursor_execute", record)


async def test_without_subscribers_a_round_is_two_queries_and_writes_nothing(
    job: MessageJob, post: Post, sessions: Sessions, asked: list[str]
) -> None:
    post.happened(place_order(sessions), "order.received")
    asked.clear()

    assert await job.carry() == 0

    assert len(asked) == 2
    assert all(statement.lstrip().startswith("SELECT") for statement in asked)


async def test_a_run_is_started_for_each_subscriber_with_something_due(
    job: MessageJob, post: Post, sessions: Sessions, client: Client
) -> None:
    due, not_due = (
        post.subscribe("http://127.0.0.1:9/"),
        post.subscribe("http://127.0.0.1:9/", types=["com.baton.ping"]),
    )
    post.happened(place_order(sessions), "order.received")

    carried = [await job.carry(), await job.carry()]

    assert carried == [1, 1]
    run = await client.get_workflow_handle(f"deliver/{due}").describe()
    assert run.workflow_type == "DeliveryWorkflow"
    assert post.deliveries(not_due) == []


def test_two_relays_queue_each_fact_once(post: Post, sessions: Sessions) -> None:
    # given
    subscription = post.subscribe("http://127.0.0.1:9/")
    for order_id in place_orders(sessions, [an_order() for _ in range(20)]):
        post.happened(order_id, "order.received", "order.accepted")

    # when
    with ThreadPoolExecutor(4) as relays:
        list(relays.map(lambda _: Post(sessions).fill(subscription), range(12)))

    # then
    assert len(post.deliveries(subscription)) == 40


def test_facts_beyond_a_full_queue_stay_in_the_log_until_there_is_room(
    post: Post, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    monkeypatch.setattr(queue, "FULL", 4)
    monkeypatch.setattr(queue, "AT_ONCE", 3)
    subscription = post.subscribe("http://127.0.0.1:9/")
    for order_id in place_orders(sessions, [an_order() for _ in range(10)]):
        post.happened(order_id, "order.received")

    # when
    sizes = []
    for _ in range(3):
        post.fill(subscription)
        sizes.append(len(post.deliveries(subscription)))
    with sessions.begin() as session:
        session.execute(update(DeliveryRow).values(state="delivered"))
    for _ in range(3):
        post.fill(subscription)

    # then
    assert sizes == [3, 6, 6]
    assert len(post.deliveries(subscription)) == 10


def test_old_deliveries_are_deleted_and_parked_ones_stay(post: Post, sessions: Sessions) -> None:
    # given
    subscription = post.subscribe("http://127.0.0.1:9/")
    post.happened(place_order(sessions), "order.received", "order.accepted", "order.completed")
    post.fill(subscription)
    old, parked, new = (row.delivery_id for row in post.deliveries(subscription))
    with sessions.begin() as session:
        for delivery_id, state, days in ((old, "delivered", 8), (parked, "parked", 8), (new, "delivered", 6)):
            settled = text("UPDATE deliveries SET state = :state, settled_at = now() - :age WHERE delivery_id = :id")
            session.execute(settled, {"state": state, "age": timedelta(days=days), "id": delivery_id})

    # when
    with sessions.begin() as session:
        queue.delete_old(session, timedelta(days=7))

    # then
    assert [row.delivery_id for row in post.deliveries(subscription)] == [parked, new]


async def test_a_run_of_a_recipient_is_started_once_and_left_alone_while_it_works(
    job: MessageJob, sessions: Sessions, client: Client
) -> None:
    # given
    with sessions.begin() as session:
        journal.announce(session, place_order(sessions), milestones.RECEIVED)
    starts = Counting(client)
    job.client = cast(Client, starts)

    # when
    carried = [await job.carry() for _ in range(20)]

    # then every run is there, and it was asked whether it works only now and then
    assert carried == [len(RECIPIENTS)] * 20
    for recipient in RECIPIENTS:
        run = await client.get_workflow_handle(redelivery_id(recipient, job.settings.task_queue)).describe()
        assert run.workflow_type == "RedeliveryWorkflow"
    assert starts.number < 20 * len(RECIPIENTS) / 2


class Counting:
    """A client that counts the workflows it is asked to start."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.number = 0

    async def start_workflow(self, *args: Any, **options: Any) -> Any:
        self.number += 1
        return await self._client.start_workflow(*args, **options)
