"""Captured money is booked whatever the order's status; a settlement run pays back what came too late."""

import pytest
from sqlalchemy import select, update
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment

from domain.ids import order_workflow_id, settlement_id
from models.database import Sessions
from models.messaging import PartnerEventRow
from models.order import OrderRow
from models.payment import MoneyMovementRow
from record.caches import build_caches
from record.orders import payment_claims
from relay.carry import Relay
from settings import Settings
from tests.factories import place_order, store_webhook

SIGNALED = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED


@pytest.fixture
def client(temporal: WorkflowEnvironment) -> Client:
    return temporal.client


@pytest.fixture
def relay(sessions: Sessions, client: Client, settings: Settings) -> Relay:
    return Relay(sessions, client, settings, build_caches(sessions))


async def an_order(relay: Relay, sessions: Sessions, status: str) -> OrderRow:
    """An order with a workflow that no worker runs, and with this status in the record."""
    order_id = place_order(sessions)
    await relay.start_orders()
    with sessions.begin() as session:
        session.execute(update(OrderRow).where(OrderRow.order_id == order_id).values(status=status))
    with sessions() as session:
        return session.get_one(OrderRow, order_id)


def captured(sessions: Sessions, order: OrderRow) -> tuple[str, str]:
    money = {"payment_reference": order.payment_reference, "amount": "67.97", "currency": "CNY"}
    return store_webhook(sessions, "payments", "payment.captured", order.payment_reference, **money)


def relayed(sessions: Sessions, key: tuple[str, str]) -> bool:
    with sessions() as session:
        return session.get_one(PartnerEventRow, key).relayed_at is not None


def booked(sessions: Sessions, order: OrderRow) -> list[int]:
    with sessions() as session:
        amounts = select(MoneyMovementRow.amount_minor).where(MoneyMovementRow.order_id == order.order_id)
        return list(session.scalars(amounts))


async def settles(client: Client, order: OrderRow) -> bool:
    try:
        run = await client.get_workflow_handle(settlement_id(order.order_id)).describe()
    except RPCError:
        return False
    return run.status == WorkflowExecutionStatus.RUNNING


@pytest.mark.parametrize(
    ("status", "paid_back"),
    [("under_review", False), ("in_progress", False), ("completed", False), ("canceled", True), ("expired", True)],
)
async def test_dist_03_captured_money_is_booked_in_every_status(
    relay: Relay, client: Client, sessions: Sessions, status: str, paid_back: bool
) -> None:
    order = await an_order(relay, sessions, status)
    key = captured(sessions, order)

    assert await relay.carry_events() == 1

    assert (booked(sessions, order), relayed(sessions, key)) == ([6_797], True)
    assert await settles(client, order) == paid_back


async def test_dist_03_money_that_comes_while_a_run_settles_waits_for_the_next_run(
    relay: Relay, client: Client, sessions: Sessions
) -> None:
    # given a run that may have asked the gateway already
    order = await an_order(relay, sessions, "canceled")
    captured(sessions, order)
    await relay.carry_events()

    # when
    late = captured(sessions, order)
    await relay.carry_events()

    # then
    assert not relayed(sessions, late)
    await client.get_workflow_handle(settlement_id(order.order_id)).terminate()
    with sessions.begin() as session:
        session.execute(update(PartnerEventRow).values(relay_after=PartnerEventRow.received_at))
    await relay.carry_events()
    assert relayed(sessions, late)
    assert await settles(client, order)


async def test_dist_03_our_own_request_for_a_check_starts_a_run_and_does_not_signal_the_order(
    relay: Relay, client: Client, sessions: Sessions
) -> None:
    # given
    order = await an_order(relay, sessions, "in_progress")
    with sessions.begin() as session:
        for _ in range(2):
            payment_claims.ask_for_check(session, order.payment_reference, "once")

    # when
    await relay.carry_events()

    # then
    with sessions() as session:
        [event] = session.scalars(select(PartnerEventRow)).all()
    assert event.relayed_at is not None
    assert await settles(client, order)
    workflow = client.get_workflow_handle(order_workflow_id(order.channel, order.channel_order_id))
    history = await workflow.fetch_history()
    assert SIGNALED not in [event.event_type for event in history.events]
