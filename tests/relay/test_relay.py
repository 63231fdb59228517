"""The relay carries each accepted order and webhook into Temporal once, whatever crashed before.

No worker runs here, so the workflows stand still and their histories show which signals they got.
"""

import asyncio
import time
from typing import Any

import pytest
from sqlalchemy import func, text, update
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle
from temporalio.converter import DataConverter
from temporalio.testing import WorkflowEnvironment

from domain.ids import order_workflow_id, return_workflow_id
from models.database import Sessions
from models.messaging import PartnerEventRow
from models.order import OrderRow
from record.caches import build_caches
from relay.carry import Relay
from relay.order_queue import BATCH, TAKE_FAIRLY
from relay.rows import TAKE_EVENTS
from settings import Settings
from tests.factories import CHANNEL, an_order, place_order, place_orders, store_webhook
from workflows.starting import ORDER_WORKFLOW, order_start

PAID = "67.97"
SIGNALED = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED


@pytest.fixture
def client(temporal: WorkflowEnvironment) -> Client:
    return temporal.client


@pytest.fixture
def relay(sessions: Sessions, client: Client, settings: Settings) -> Relay:
    return Relay(sessions, client, settings, build_caches(sessions))


@pytest.fixture
def other(sessions: Sessions, client: Client, settings: Settings) -> Relay:
    """The relay of another worker."""
    return Relay(sessions, client, settings, build_caches(sessions))


async def test_an_accepted_order_is_started_once_and_marked(relay: Relay, sessions: Sessions) -> None:
    # Given an accepted order
    order_id = place_order(sessions)

    # When the relay runs twice
    carried = [await relay.start_orders(), await relay.start_orders()]

    # Then its workflow runs and it is marked
    assert carried == [1, 0]
    assert await is_running(order_workflow(relay, order_id))
    assert order_of(sessions, order_id).workflow_started_at


def test_two_relays_take_different_orders(relay: Relay, sessions: Sessions) -> None:
    # Given a relay whose transaction has taken some orders and is still open
    orders = place_orders(sessions, [an_order() for _ in range(5)])
    with sessions.begin() as session:
        first = [row.order_id for row in session.execute(TAKE_FAIRLY, {"batch": 2, "ahead": 2})]

        # When another relay takes some
        second = [row.order_id for row in relay.queue.take().orders]

    # Then it neither waits nor takes the same ones
    assert (len(first), len(second)) == (2, 3)
    assert sorted(first + second) == sorted(orders)


def test_two_relays_take_different_events(relay: Relay, sessions: Sessions) -> None:
    stored = [store_webhook(sessions, "payments", "payment.captured", "PAY-1") for _ in range(5)]
    with sessions.begin() as session:
        first = [(row.partner, row.event_id) for row in session.execute(TAKE_EVENTS, {"batch": 2})]

        second = [(row.partner, row.event_id) for row in relay.rows.take(TAKE_EVENTS)]

    assert (len(first), len(second)) == (2, 3)
    assert sorted(first + second) == sorted(stored)


async def test_two_relays_share_a_backlog(relay: Relay, other: Relay, sessions: Sessions) -> None:
    # Given more orders than one batch
    orders = place_orders(sessions, [an_order() for _ in range(BATCH + 10)])

    # When two relays run at the same time
    carried = await asyncio.gather(relay.start_orders(), other.start_orders())

    # Then together they start each order once
    assert sum(carried) == len(orders)
    assert all([await is_running(order_workflow(relay, order_id)) for order_id in orders])


async def test_an_order_leased_by_a_crashed_relay_is_started_when_the_lease_is_over(
    relay: Relay, other: Relay, sessions: Sessions
) -> None:
    # Given a relay that leased an order and crashed
    order_id = place_order(sessions)
    assert relay.queue.take().orders
    assert await other.start_orders() == 0

    # When its lease is over
    let_time_pass(sessions)

    # Then the other relay starts the order
    assert await other.start_orders() == 1
    assert await is_running(order_workflow(other, order_id))


async def test_an_order_started_but_not_marked_before_a_crash_is_marked_and_not_started_again(
    relay: Relay, settings: Settings, sessions: Sessions
) -> None:
    # Given an order that a relay started and did not mark; its workflow has even ended since
    order_id = place_order(sessions)
    row = order_of(sessions, order_id)
    start = order_start(settings, order_id, row.channel, row.channel_order_id, row.customer_id, row.units)
    handle = await relay.client.start_workflow(ORDER_WORKFLOW, **start)
    await handle.terminate()

    # When the next relay starts it
    assert await relay.start_orders() == 1

    # Then it is marked, and there is no second run
    assert order_of(sessions, order_id).workflow_started_at
    assert (await order_workflow(relay, order_id).describe()).run_id == handle.first_execution_run_id


@pytest.mark.parametrize("ends", [False, True])
async def test_an_order_whose_workflow_is_that_of_a_lost_order_is_set_aside(
    relay: Relay, settings: Settings, sessions: Sessions, ends: bool
) -> None:
    # Given a restored backup: the channel sends an order again of which only the workflow is left
    order_id = place_order(sessions)
    row = order_of(sessions, order_id)
    lost = order_start(settings, "LOST", row.channel, row.channel_order_id, row.customer_id, row.units)
    handle = await relay.client.start_workflow(ORDER_WORKFLOW, **lost)
    if ends:
        await handle.terminate()

    # When the relay starts it
    assert await relay.start_orders() == 0

    # Then it is not taken for started, and a person is told why
    with sessions() as session:
        aside = session.execute(text("SELECT kind, subject, reason FROM set_asides WHERE aside_at IS NOT NULL")).all()
    assert aside == [("order", order_id, "its workflow belongs to another order")]
    assert order_of(sessions, order_id).workflow_started_at is None


async def test_an_event_without_an_order_is_tried_ever_more_rarely_and_at_last_each_twentieth_of_its_age(
    relay: Relay, sessions: Sessions
) -> None:
    key = store_webhook(sessions, "crm", "return.requested", f"{CHANNEL}/NEVER", case_id="K-1")

    # When it is new, and when it is a day old
    pauses = [await look_and_wait(relay, sessions) for _ in range(11)]
    with sessions.begin() as session:
        session.execute(text("UPDATE partner_events SET received_at = now() - interval '1 day'"))
    late = await look_and_wait(relay, sessions)

    assert pauses == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30, 30], abs=0.05)
    assert late == pytest.approx(4320, abs=1)
    assert event_of(sessions, key).relayed_at is None


async def test_an_event_that_came_before_its_order_is_carried_once_the_order_has_a_workflow(
    relay: Relay, sessions: Sessions
) -> None:
    # Given a return that is requested before we know the order
    key = store_webhook(sessions, "crm", "return.requested", f"{CHANNEL}/EARLY", case_id="K-1")
    assert await relay.carry_events() == 1

    # When the order has come but has no workflow yet, then the event still waits
    place_order(sessions, channel_order_id="EARLY")
    let_time_pass(sessions)
    assert await relay.carry_events() == 1
    assert event_of(sessions, key).relayed_at is None

    # When it has one, then the event starts the case
    await relay.start_orders()
    let_time_pass(sessions)
    assert await relay.carry_events() == 1
    case = relay.client.get_workflow_handle(return_workflow_id(CHANNEL, "EARLY", "K-1"))
    assert [event["event_id"] for event in await signals(case)] == [key[1]]
    assert event_of(sessions, key).relayed_at


async def test_events_of_one_workflow_share_a_signal_in_the_sequence_of_their_arrival(
    relay: Relay, sessions: Sessions
) -> None:
    # Given three events about one order and one about another
    order_id, other_id = await started(relay, sessions, 2)
    kinds = ["payment.voided", "payment.captured", "refund.succeeded"]
    for kind in kinds:
        tell(sessions, order_id, kind)
    tell(sessions, other_id, "payment.captured")

    # When they are carried
    assert await relay.carry_events() == 4

    # Then each workflow gets one signal, with the earliest event first
    assert await reports(order_workflow(relay, order_id)) == [kinds]
    assert await reports(order_workflow(relay, other_id)) == [["payment.captured"]]


async def test_an_event_of_an_ended_order_is_marked_and_calls_nobody(relay: Relay, sessions: Sessions) -> None:
    # Given an order that has ended
    order_id = await ended(relay, sessions)
    key = tell(sessions, order_id, "refund.succeeded")

    # When a partner reports something that changes nothing any more
    assert await relay.carry_events() == 1

    # Then it is not carried again, and nobody is called
    assert event_of(sessions, key).relayed_at
    assert order_of(sessions, order_id).attention is None


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("payment.captured", "a payment was captured and nobody works on the order"),
        ("refund.failed", "the gateway says that a refund failed: the money is still here"),
    ],
)
async def test_money_that_moves_after_the_workflow_has_ended_calls_a_person(
    kind: str, reason: str, relay: Relay, sessions: Sessions
) -> None:
    order_id = await ended(relay, sessions)
    key = tell(sessions, order_id, kind)

    assert await relay.carry_events() == 1

    assert event_of(sessions, key).relayed_at
    assert order_of(sessions, order_id).attention == reason


async def test_a_relay_runs_until_it_is_stopped(relay: Relay, sessions: Sessions) -> None:
    # Given a relay at work
    working = asyncio.create_task(relay.run())

    # When an order comes
    order_id = place_order(sessions)
    give_up = time.monotonic() + 20
    while not order_of(sessions, order_id).workflow_started_at:
        assert time.monotonic() < give_up, "the order was not started"
        await asyncio.sleep(0.02)

    # Then it is started, and the relay ends when it is stopped
    relay.stop()
    await asyncio.wait_for(working, 20)


async def test_a_relay_survives_a_lost_database_connection(
    relay: Relay, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a relay that cannot mark what it has started the first time
    order_id, mark = place_order(sessions), relay.rows.mark_started
    marked: list[Any] = []

    def mark_late(done: Any) -> None:
        marked.append(done)
        if len(marked) == 1:
            with sessions.begin() as session:
                session.connection().exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")
        mark(done)

    monkeypatch.setattr(relay.rows, "mark_started", mark_late)
    working = asyncio.create_task(relay.run())

    # When its lease is over
    give_up = time.monotonic() + 20
    while not order_of(sessions, order_id).workflow_started_at:
        assert time.monotonic() < give_up, "the order was not marked"
        let_time_pass(sessions)
        await asyncio.sleep(0.05)

    # Then the relay has marked the order after all
    assert marked == [[order_id], [order_id]]
    relay.stop()
    await working


def order_of(sessions: Sessions, order_id: str) -> OrderRow:
    with sessions() as session:
        return session.get_one(OrderRow, order_id)


def event_of(sessions: Sessions, key: tuple[str, str]) -> PartnerEventRow:
    with sessions() as session:
        return session.get_one(PartnerEventRow, key)


async def look_and_wait(relay: Relay, sessions: Sessions) -> float:
    """Return for how many seconds a relay puts off the waiting event, and let them pass."""
    assert await relay.carry_events() == 1
    with sessions.begin() as session:
        pause = session.scalars(text("SELECT extract(epoch FROM relay_after - now()) FROM partner_events")).one()
    let_time_pass(sessions)
    return float(pause)


def let_time_pass(sessions: Sessions) -> None:
    """End every lease and every pause."""
    with sessions.begin() as session:
        for table in (OrderRow, PartnerEventRow):
            session.execute(update(table).values(relay_after=func.now()))


async def started(relay: Relay, sessions: Sessions, number: int) -> list[str]:
    """Orders with a workflow."""
    orders = place_orders(sessions, [an_order() for _ in range(number)])
    assert await relay.start_orders() == number
    return orders


async def ended(relay: Relay, sessions: Sessions) -> str:
    """An order whose workflow has ended."""
    (order_id,) = await started(relay, sessions, 1)
    await order_workflow(relay, order_id).terminate()
    return order_id


def tell(sessions: Sessions, order_id: str, kind: str) -> tuple[str, str]:
    """Store a webhook of the payment gateway about the order."""
    reference = order_of(sessions, order_id).payment_reference
    money = {"payment_reference": reference, "amount": PAID, "currency": "CNY"}
    return store_webhook(sessions, "payments", kind, reference, **money)


def order_workflow(relay: Relay, order_id: str) -> WorkflowHandle[Any, Any]:
    order = order_of(relay.rows.sessions, order_id)
    return relay.client.get_workflow_handle(order_workflow_id(order.channel, order.channel_order_id))


async def is_running(handle: WorkflowHandle[Any, Any]) -> bool:
    return (await handle.describe()).status == WorkflowExecutionStatus.RUNNING


async def signals(handle: WorkflowHandle[Any, Any]) -> list[Any]:
    """Return the arguments of the signals that the workflow got."""
    converter = DataConverter.default.payload_converter
    history = await handle.fetch_history()
    signaled = [event for event in history.events if event.event_type == SIGNALED]
    return [
        converter.from_payload(event.workflow_execution_signaled_event_attributes.input.payloads[0])
        for event in signaled
    ]


async def reports(handle: WorkflowHandle[Any, Any]) -> list[list[str]]:
    """Return the types of the events in each signal that the workflow got."""
    return [[event["type"] for event in signal["events"]] for signal in await signals(handle)]
