"""No failing row or job and no strangers' webhook stops the relay (dist_06, dist_07, dist_14, dist_16, and sec_01)."""

import asyncio
import os
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from temporalio import workflow
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from domain.ids import order_workflow_id
from models.database import Sessions
from models.packed import unpack
from record import journal
from record.caches import build_caches
from record.orders.deadlines import DeadlineSweep
from record.parameters import ParameterCache
from record.people.erasing import erase_due
from record.set_aside import MAX_ATTEMPTS, try_all_again
from record.stock.sweep import Sweep
from relay.carry import Relay
from relay.histories import TAKE
from relay.messages import MessageJob
from relay.rows import TAKE_EVENTS
from settings import Settings
from tests.factories import CHANNEL, LAMP, TEACUP, an_order, place_order, place_orders, stock_shop, store_webhook
from tests.record.receiver import Post

STRANGERS = int(os.environ.get("STRANGERS", "300"))
LONG_AGO = timedelta(days=4)


@pytest.fixture
def relay(sessions: Sessions, temporal: WorkflowEnvironment, settings: Settings) -> Relay:
    return Relay(sessions, temporal.client, settings, build_caches(sessions))


def do(sessions: Sessions, statement: str, **values: Any) -> None:
    with sessions.begin() as session:
        session.execute(text(statement), values)


def ask(sessions: Sessions, question: str, **values: Any) -> list[Any]:
    with sessions() as session:
        return list(session.scalars(text(question), values))


def aside(sessions: Sessions) -> list[tuple[str, str]]:
    with sessions() as session:
        rows = session.execute(text("SELECT kind, subject FROM set_asides WHERE aside_at IS NOT NULL ORDER BY 1, 2"))
        return [(row.kind, row.subject) for row in rows]


def leases_are_over(sessions: Sessions) -> None:
    do(sessions, "UPDATE partner_events SET relay_after = now() WHERE isfinite(relay_after)")
    do(sessions, "UPDATE orders SET relay_after = now() WHERE isfinite(relay_after)")


# sec_01: a row that always fails


async def test_a_job_of_the_relay_that_fails_goes_on_and_is_set_aside(relay: Relay, sessions: Sessions) -> None:
    # given a job that fails for a while
    tries = 0

    async def carry() -> int:
        nonlocal tries
        tries += 1
        if tries > MAX_ATTEMPTS:
            seen.append(aside(sessions))
            relay.stop()
            return 0
        raise IndexError("list index out of range")

    # when the relay repeats it
    seen: list[Any] = []
    await asyncio.wait_for(relay._repeat("histories", carry, 0.001, longest=0.001), 60)

    # then it was set aside for as long as it failed
    assert seen == [[("job", "histories")]]
    assert aside(sessions) == []


async def test_an_order_that_temporal_refuses_is_set_aside_and_blocks_no_other(
    relay: Relay, sessions: Sessions
) -> None:
    # given an order whose id is longer than Temporal takes, in front of another
    refused = place_order(sessions, channel_order_id="L" * 1_500)
    other = place_order(sessions)

    # when the relay tries again and again
    for _ in range(MAX_ATTEMPTS):
        await relay.start_orders()
        leases_are_over(sessions)

    # then the other order runs, and the first is skipped until a person has it retried
    started = "SELECT order_id FROM orders WHERE workflow_started_at IS NOT NULL"
    assert ask(sessions, started) == [other]
    assert aside(sessions) == [("order", refused)]
    assert await relay.start_orders() == 0
    do(sessions, "UPDATE orders SET channel_order_id = 'SHORT' WHERE order_id = :id", id=refused)
    assert try_all_again(sessions, "order") == 1
    assert await relay.start_orders() == 1


async def test_a_receipt_that_cannot_be_booked_is_set_aside_and_blocks_no_other(
    relay: Relay, sessions: Sessions
) -> None:
    # given a receipt without lines, which a former version may have accepted, before a good one
    stock_shop(sessions, {"HANGZHOU": {LAMP: 1}})
    broken = store_webhook(sessions, "erp", "stock.received", "R-1", receipt_id="R-1", location_id="HANGZHOU")
    lines = [{"sku": LAMP, "quantity": 4}]
    store_webhook(sessions, "erp", "stock.received", "R-2", receipt_id="R-2", location_id="HANGZHOU", lines=lines)

    # when
    for _ in range(MAX_ATTEMPTS):
        await relay.carry_events()
        leases_are_over(sessions)

    # then
    assert ask(sessions, "SELECT on_hand FROM stock") == [5]
    assert aside(sessions) == [("event", "/".join(broken))]
    assert ask(sessions, "SELECT reason FROM set_asides") == ["KeyError"]


def test_a_sku_that_cannot_be_swept_is_set_aside_and_blocks_no_other(sessions: Sessions) -> None:
    # given a listing whose version cannot be raised, and another one
    stock_shop(sessions, {"HANGZHOU": {LAMP: 1, TEACUP: 1}})
    do(sessions, "DELETE FROM stock_touches")
    row = "INSERT INTO channel_listings (channel, sku, channel_sku, version) VALUES ('shop', :sku, :sku, :version)"
    for sku, version in ((LAMP, 2**63 - 1), (TEACUP, 1)):
        do(sessions, row, sku=sku, version=version)
    for sku in (LAMP, TEACUP):
        do(sessions, "INSERT INTO stock_touches (sku) VALUES (:sku)", sku=sku)

    # when
    sweep = Sweep(sessions, ParameterCache())
    while sweep.run().marks:
        pass

    # then
    assert ask(sessions, "SELECT version FROM channel_listings WHERE sku = :sku", sku=TEACUP) == [2]
    assert aside(sessions) == [("stock", LAMP)]
    do(sessions, "UPDATE channel_listings SET version = 7 WHERE sku = :sku", sku=LAMP)
    assert try_all_again(sessions, "stock") == 1
    sweep.run()
    assert ask(sessions, "SELECT version FROM channel_listings WHERE sku = :sku", sku=LAMP) == [8]


def test_a_deadline_alert_that_fails_is_set_aside_and_blocks_no_other(sessions: Sessions) -> None:
    # given two orders at risk, one with an invalid time of escalation
    broken, other = place_orders(sessions, [an_order(), an_order()], "accepted")
    do(sessions, "UPDATE orders SET due = 'ship', due_at = now(), warn_at = now() - interval '1 hour'")
    wrong = """UPDATE orders SET instructions = '{"escalate_after_minutes": "soon"}' WHERE order_id = :id"""
    do(sessions, wrong, id=broken)

    # when
    sweep = DeadlineSweep(sessions)
    while sweep.run(datetime.now(UTC)):
        pass

    # then
    assert ask(sessions, "SELECT order_id FROM deadline_alerts") == [other]
    assert aside(sessions) == [("deadline", broken)]


def test_an_erasure_that_fails_is_set_aside_and_blocks_no_other(sessions: Sessions) -> None:
    # given two erasures that are due, one of which is in the order's log already
    broken, other = place_orders(sessions, [an_order(), an_order()], "completed")
    do(sessions, "INSERT INTO erasures_due (order_id, pseudonym, asked_by) SELECT order_id, 'erased-1', '' FROM orders")
    with sessions.begin() as session:
        journal.append_fact(session, broken, "person.erased", "person.erased:erased-1", {})

    # when
    for _ in range(MAX_ATTEMPTS + 1):
        erase_due(sessions)

    # then
    assert ask(sessions, "SELECT order_id FROM orders WHERE receiver = '{}'") == [other]
    assert aside(sessions) == [("erasure", broken)]


async def test_a_subscription_that_cannot_be_filled_is_set_aside_and_blocks_no_other(
    sessions: Sessions, temporal: WorkflowEnvironment, settings: Settings
) -> None:
    # given two subscribers, one with invalid types
    post = Post(sessions)
    broken, other = (post.subscribe("http://127.0.0.1:9/") for _ in range(2))
    do(sessions, "UPDATE subscriptions SET types = '5' WHERE subscription_id = :id", id=broken)
    post.happened(place_order(sessions), "order.received")

    # when
    news = MessageJob(sessions, temporal.client, settings)
    for _ in range(MAX_ATTEMPTS + 1):
        await news.carry()

    # then
    assert len(post.deliveries(other)) == 1
    assert aside(sessions) == [("subscription", broken)]


# dist_06


@workflow.defn(name="OrderWorkflow")
class Patched:
    @workflow.run
    async def run(self) -> None:
        workflow.patched("2026-12-coupon")


async def test_dist_06_the_history_of_a_workflow_with_a_patch_is_kept(
    relay: Relay, sessions: Sessions, temporal: WorkflowEnvironment
) -> None:
    # given an ended order whose workflow had a patch
    order = an_order()
    [order_id] = place_orders(sessions, [order], "completed")
    name, queue = order_workflow_id(order.channel, order.channel_order_id), f"patched-{uuid4().hex}"
    runner = UnsandboxedWorkflowRunner()
    async with Worker(temporal.client, task_queue=queue, workflows=[Patched], workflow_runner=runner):
        await temporal.client.execute_workflow(Patched.run, id=name, task_queue=queue)
    do(sessions, "INSERT INTO histories_due (subject, look_after) VALUES (:id, now())", id=order_id)

    # when the relay keeps histories
    assert await relay.histories.carry() == 1

    # then it is kept, and the patch is no step of it
    [kept] = ask(sessions, "SELECT happenings FROM kept_histories WHERE order_id = :id", id=order_id)
    assert [one["kind"] for one in unpack(kept)] == ["end"]
    assert aside(sessions) == []


# dist_07


@pytest.mark.parametrize("tries", [38, 2_000_000_000])
def test_dist_07_a_workflow_that_does_not_close_blocks_no_other_history(tries: int, sessions: Sessions) -> None:
    stuck, other = place_orders(sessions, [an_order(), an_order()], "completed")
    row = """INSERT INTO histories_due (subject, look_after, tries)
        VALUES (:id, now() - :since * interval '1 hour', :tries)"""
    do(sessions, row, id=stuck, since=2, tries=tries)
    do(sessions, row, id=other, since=1, tries=0)

    with sessions.begin() as session:
        taken = [row.subject for row in session.execute(TAKE, {"at_once": 5})]

    assert sorted(taken) == sorted([stuck, other])


# dist_14


async def test_dist_14_a_new_webhook_is_carried_at_once_however_many_strangers_wait(
    relay: Relay, sessions: Sessions
) -> None:
    # given webhooks of another shop that are due again, before one of ours
    strangers(sessions, STRANGERS, age=timedelta(days=1))
    order_id = place_order(sessions)
    assert await relay.start_orders() == 1
    [reference] = ask(sessions, "SELECT payment_reference FROM orders WHERE order_id = :id", id=order_id)
    captured(sessions, reference)

    # when the relay takes its first batch
    looked_at = await relay.carry_events()

    # then ours is carried, and the full batch tells the relay not to pause
    assert ask(sessions, "SELECT subject FROM partner_events WHERE relayed_at IS NOT NULL") == [reference]
    assert looked_at == 50

    # when it has tried all of them, then the next try comes after a twentieth of their age
    while await relay.carry_events():
        pass
    [soonest] = ask(sessions, "SELECT extract(epoch FROM min(relay_after) - now()) FROM partner_events WHERE tries > 1")
    assert soonest > 4_000


async def test_dist_14_a_webhook_without_an_order_is_set_aside_and_can_be_retried(
    relay: Relay, sessions: Sessions
) -> None:
    # given a webhook with many tries that is too old, and one as old that was not tried yet
    strangers(sessions, 1, age=LONG_AGO)
    captured(sessions, "OURS")
    do(sessions, "UPDATE partner_events SET received_at = now() - interval '4 days'")

    # when
    await relay.carry_events()

    # then the first is set aside, and the other keeps its tries
    assert aside(sessions) == [("event", "payments/S-1")]
    assert ask(sessions, "SELECT reason FROM set_asides") == ["nobody's payment.captured"]
    leases_are_over(sessions)
    assert await relay.carry_events() == 1

    # when its order comes after all, and a person has it retried
    place_order(sessions, payment_reference="PAY-OF-ANOTHER-SHOP-1")
    assert await relay.start_orders() == 1
    assert try_all_again(sessions, "event") == 1
    await relay.carry_events()

    # then it is carried
    carried = "SELECT event_id FROM partner_events WHERE relayed_at IS NOT NULL"
    assert ask(sessions, carried) == ["S-1"]
    assert aside(sessions) == []


def captured(sessions: Sessions, reference: str) -> None:
    data = {"amount": "67.97", "currency": "CNY", "payment_reference": reference}
    store_webhook(sessions, "payments", "payment.captured", reference, **data)


def strangers(sessions: Sessions, number: int, age: timedelta) -> None:
    do(
        sessions,
        """INSERT INTO partner_events (partner, event_id, type, subject, data, received_at, relay_after, tries)
        SELECT 'payments', 'S-' || n, 'payment.captured', 'PAY-OF-ANOTHER-SHOP-' || n,
            jsonb_build_object(
                'amount', '67.97', 'currency', 'CNY', 'payment_reference', 'PAY-OF-ANOTHER-SHOP-' || n),
            now() - :age, now() - random() * interval '30 seconds', 20
        FROM generate_series(1, :number) AS n""",
        number=number,
        age=age,
    )


# dist_16


async def test_dist_16_a_webhook_is_leased_for_half_a_minute_while_it_is_carried(
    relay: Relay, sessions: Sessions
) -> None:
    # given a webhook that a relay has taken and is still carrying, since Temporal is slow
    store_webhook(sessions, "channel", "order.paid", f"{CHANNEL}/TM")
    [taken] = relay.rows.take(TAKE_EVENTS)

    # when others look
    second = relay.rows.take(TAKE_EVENTS)

    # then it stays leased for as long as the relay's page in docs/ says
    [lease] = ask(sessions, "SELECT extract(epoch FROM relay_after - now()) FROM partner_events")
    assert (taken.tries, second) == (1, [])
    assert 25 < lease <= 30
