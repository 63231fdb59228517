"""A warehouse that answers nothing: orders wait for it outside of the threads, and no other step waits behind them.

WAITING_ORDERS says how many wait for it.
"""

import asyncio
import os
from typing import Any

from integrations.circuit import FAILURES
from tests.house import House, eventually

WAITING = int(os.environ.get("WAITING_ORDERS", "40"))
LAMP = [("ELEGANT-LAMP", 1, "9.00")]


async def test_a_silent_warehouse_does_not_slow_audits(house: House) -> None:
    # Given a warehouse that answers nothing, and many orders with work for it
    places = house.settings.wms.calls
    await trouble(house, kind="slow", seconds=12)
    first = await asyncio.gather(*(house.order("WAITS", lines=LAMP) for _ in range(WAITING)))

    # When others come while their calls are under way
    await eventually(lambda: calls(house), lambda made: made >= places)
    later = await asyncio.gather(*(house.order("NEXT", lines=LAMP) for _ in range(3)))
    allocated = await eventually(lambda: opened(house), lambda orders: set(orders) >= {*first, *later})

    # Then all are audited, reserved and allocated, and the warehouse got few calls meanwhile: as many as it may have at
    # a time, those that came before it counted as silent, and one now and then that asks whether it is back
    assert set(allocated) >= {*first, *later}
    assert await calls(house) <= 2 * places + FAILURES
    # And the page of an order says what it waits for
    said = await eventually(lambda: failures(house, first), lambda told: len(told) == WAITING)
    assert {one for one in said.values() if "wms" not in one} == set()
    assert any("does not answer: it is tried again at" in one for one in said.values())

    # And when it is back each order goes its way
    await trouble(house, kind="none")
    for order_id in (*first, *later):
        await house.until_event(order_id, "fulfillment_order.released")


async def trouble(house: House, **how: Any) -> None:
    (await house.simulators.put("/wms/trouble", json=how)).raise_for_status()


async def calls(house: House) -> int:
    return int((await house.simulators.get("/wms/trouble")).json()["calls"])


async def opened(house: House) -> list[str]:
    """Orders with work for a location."""
    return [row.order_id for row in await asyncio.to_thread(house.rows, "SELECT order_id FROM fulfillment_orders")]


async def failures(house: House, orders: list[str]) -> dict[str, str]:
    """By order why the step that calls the warehouse failed last, once it has."""
    told = {}
    for order_id in orders:
        for step in (await house.workflow(order_id).describe()).raw_description.pending_activities:
            if step.last_failure.message:
                told[order_id] = step.last_failure.message
    return told
