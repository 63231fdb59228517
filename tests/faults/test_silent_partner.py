"""A warehouse that does not answer: orders wait for it without a thread, and no other step is delayed.

WAITING_ORDERS is how many orders wait, 20 by default.
"""

import asyncio
import os
from typing import Any

from integrations.circuit import FAILURES_BEFORE_PAUSE
from tests.baton import Baton, eventually

WAITING = int(os.environ.get("WAITING_ORDERS", "20"))
LAMP = [("ELEGANT-LAMP", 1, "9.00")]
PAUSED = "does not answer: it is tried again at"


async def test_a_silent_warehouse_does_not_slow_audits(baton: Baton) -> None:
    # Given a warehouse that does not answer, and many orders with work for it
    places = baton.settings.wms.calls
    await trouble(baton, kind="slow", seconds=12)
    first = await asyncio.gather(*(baton.order("WAITS", lines=LAMP) for _ in range(WAITING)))

    # When others come while their calls are under way
    await eventually(lambda: calls(baton), lambda made: made >= places)
    later = await asyncio.gather(*(baton.order("NEXT", lines=LAMP) for _ in range(3)))
    allocated = await eventually(lambda: opened(baton), lambda orders: set(orders) >= {*first, *later})

    # Then all are allocated, and the warehouse got few calls meanwhile: its limit at a time, those before the circuit
    # opened, and a probe now and then
    assert set(allocated) >= {*first, *later}
    assert await calls(baton) <= 2 * places + FAILURES_BEFORE_PAUSE
    # And the page of an order says what it waits for
    shown = await eventually(
        lambda: failures(baton, first),
        lambda found: len(found) == WAITING and any(PAUSED in one for one in found.values()),
    )
    assert {one for one in shown.values() if "wms" not in one} == set()

    # And when it is back, each order continues
    await trouble(baton, kind="none")
    for order_id in (*first, *later):
        await baton.until_event(order_id, "fulfillment_order.released")


async def trouble(baton: Baton, **how: Any) -> None:
    (await baton.simulators.put("/wms/trouble", json=how)).raise_for_status()


async def calls(baton: Baton) -> int:
    return int((await baton.simulators.get("/wms/trouble")).json()["calls"])


async def opened(baton: Baton) -> list[str]:
    """The orders that have fulfillment orders."""
    return [row.order_id for row in await asyncio.to_thread(baton.rows, "SELECT order_id FROM fulfillment_orders")]


async def failures(baton: Baton, orders: list[str]) -> dict[str, str]:
    """The last failure of the step that calls the warehouse, by order, for orders that have one."""
    found = {}
    for order_id in orders:
        for step in (await baton.workflow(order_id).describe()).raw_description.pending_activities:
            if step.last_failure.message:
                found[order_id] = step.last_failure.message
    return found
