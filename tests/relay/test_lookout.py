"""The relay's idle jobs ask for nothing: one look calls those that something waits for."""

import asyncio
from collections.abc import Callable

import pytest
from sqlalchemy import text

from models.database import Sessions
from relay.lookout import JOBS, Lookout
from tests.factories import LAMP, an_order, place_order, place_orders, stock_shop, store_webhook


async def called(sessions: Sessions) -> set[str]:
    """Return the jobs that a look calls."""
    lookout = Lookout(sessions)
    waiting = {job: asyncio.create_task(lookout.wait(job)) for job in [*JOBS, "histories"]}
    await lookout.carry()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    found = {job for job, task in waiting.items() if task.done()}
    for task in waiting.values():
        task.cancel()
    return found


def execute(sessions: Sessions, sql: str) -> None:
    with sessions.begin() as session:
        session.execute(text(sql))


def a_started_order(sessions: Sessions) -> str:
    order_id = place_order(sessions)
    execute(sessions, "UPDATE orders SET workflow_started_at = now()")
    return order_id


def an_order_waits(sessions: Sessions) -> None:
    place_order(sessions)


def a_webhook_waits(sessions: Sessions) -> None:
    store_webhook(sessions, "wms", "fulfillment_order.picked", "F1")


def a_wave_is_due(sessions: Sessions) -> None:
    stock_shop(sessions, {"HANGZHOU": {LAMP: 1}})
    [order_id] = place_orders(sessions, [an_order()])
    execute(sessions, "DELETE FROM stock_touches")
    execute(
        sessions,
        f"""INSERT INTO fulfillment_orders
            (fulfillment_order_id, order_id, number, location_id, reason, wave_at, wave_after)
            VALUES ('F1', '{order_id}', 1, 'HANGZHOU', 'near', now(), now())""",
    )
    execute(sessions, "UPDATE orders SET workflow_started_at = now()")


def stock_was_touched(sessions: Sessions) -> None:
    execute(sessions, "INSERT INTO stock_touches (sku, more) VALUES ('LAMP', true)")


def a_bulk_is_at_work(sessions: Sessions) -> None:
    execute(
        sessions,
        """INSERT INTO bulks (bulk_id, command, parameters, key_id, actor, request_key, fingerprint, total)
            VALUES ('B1', 'cancel', '{}', 'key_1', 'Sun of support', '1', '', 0)""",
    )


def an_export_has_no_schedule(sessions: Sessions) -> None:
    execute(
        sessions,
        """INSERT INTO exports (export_id, name, list, filter, format, cron, zone, target, key_id, created_by)
            VALUES ('E1', 'late', 'orders', '{}', 'csv', '0 3 * * *', 'UTC', '{}', 'key_1', 'Mo the manager')""",
    )


def a_message_waits(sessions: Sessions) -> None:
    order_id = a_started_order(sessions)
    execute(
        sessions,
        f"""INSERT INTO messages (message_id, order_id, recipient, milestone, data)
            VALUES ('M1', '{order_id}', 'erp', 'received', '{{}}')""",
    )


def a_fact_is_unsealed(sessions: Sessions) -> None:
    order_id = a_started_order(sessions)
    execute(
        sessions,
        f"""INSERT INTO order_events (order_id, type, key, actor, data)
            VALUES ('{order_id}', 'order.received', 'received', 'shop', '{{}}')""",
    )


@pytest.mark.parametrize(
    ("waits", "job"),
    [
        (an_order_waits, "orders"),
        (a_webhook_waits, "events"),
        (a_wave_is_due, "waves"),
        (stock_was_touched, "stock"),
        (a_bulk_is_at_work, "bulks"),
        (an_export_has_no_schedule, "exports"),
        (a_message_waits, "messages"),
        (a_fact_is_unsealed, "proof"),
    ],
)
async def test_a_look_calls_the_job_that_something_waits_for(
    sessions: Sessions, waits: Callable[[Sessions], None], job: str
) -> None:
    waits(sessions)
    assert await called(sessions) == {job}


async def test_a_look_at_an_idle_database_calls_nobody(sessions: Sessions) -> None:
    assert await called(sessions) == set()


async def test_what_waits_until_later_calls_nobody(sessions: Sessions) -> None:
    # given an order and a webhook that are leased
    place_order(sessions)
    a_webhook_waits(sessions)
    for table in ("orders", "partner_events"):
        execute(sessions, f"UPDATE {table} SET relay_after = now() + interval '1 minute'")

    # then
    assert await called(sessions) == set()
