"""Whatever a carrier reports, and wherever the goods are: the order has ended, or a deadline watches it."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from domain.status import TrackingStatus
from tests.baton import Baton, eventually
from tests.workflows.test_cancel import LINES

CODES = {TrackingStatus.EXCEPTION: ("", "lost", "damaged"), TrackingStatus.RETURN_TO_SENDER: ("", "refused")}
REPORTS = [(status, code) for status in TrackingStatus for code in CODES.get(status, ("",))]
TURNS = [one for one in REPORTS if one[0] in (TrackingStatus.DELIVERED, *CODES)]
STATES = ("packed", "shipped", "delivered")


async def brought_to(baton: Baton, state: str) -> dict[str, Any]:
    order_id = await baton.order(f"ROAD-{state}")
    order = await baton.until_fulfillment(order_id, "released")
    await baton.pick_and_pack(order["fulfillment_orders"][0]["fulfillment_order_id"], **LINES)
    order = await baton.until(order_id, lambda order: bool(order["shipments"]))
    for status in ("in_transit", "delivered")[: STATES.index(state)]:
        await baton.track(order, status)
        await baton.until_fulfillment(order_id, {"in_transit": "shipped"}.get(status, status))
    return await baton.show(order_id)


async def settled(baton: Baton, order: dict[str, Any]) -> None:
    """Assert that the order has ended, or its workflow has a deadline."""
    view = await baton.workflow(order["order_id"]).query("view")
    assert view["until"] or view["status"] in ("completed", "canceled"), f"nothing watches {view}"


async def all_carried(baton: Baton, event_id: str) -> None:
    """Wait until the report has reached its order, or found that the order has ended."""

    async def carried() -> bool:
        sql = "SELECT 1 FROM partner_events WHERE event_id = :id AND relayed_at IS NOT NULL"
        return bool(baton.rows(sql, id=event_id))

    await eventually(carried, bool)


async def report(baton: Baton, order: dict[str, Any], status: str, code: str) -> None:
    """Report a status, and assert that the order has ended or is watched once it knows."""
    event_id = f"{order['order_id']}-{status}-{code}"
    await baton.track(order, status, event_id=event_id, code=code)
    await all_carried(baton, event_id)
    await settled(baton, order)


@pytest.mark.parametrize("state", ["packed", "shipped"])
async def test_every_report_of_a_carrier_ends_in_a_defined_state_or_is_watched(silent: Baton, state: str) -> None:
    # An order for each report that changes its course, and one that hears all the others.
    orders = await asyncio.gather(*(brought_to(silent, state) for _ in (*TURNS, "others")))

    await asyncio.gather(*(report(silent, order, *turn) for order, turn in zip(orders, TURNS, strict=False)))
    for news in REPORTS:
        if news not in TURNS:
            await report(silent, orders[-1], *news)


async def test_no_report_of_a_carrier_opens_a_delivered_order_again(silent: Baton) -> None:
    order = await brought_to(silent, "delivered")
    await silent.until_status(order["order_id"], "completed")

    for status, code in REPORTS:
        await report(silent, order, status, code)

    assert (await silent.show(order["order_id"]))["status"] == "completed"
    silent.verify()


@pytest.mark.parametrize("accepted", [True, False])
async def test_every_answer_to_an_interception_is_watched(silent: Baton, accepted: bool) -> None:
    order = await brought_to(silent, "shipped")
    await silent.cancel(order["order_id"])
    shipment, event_id = order["shipments"][0], f"{order['order_id']}-{accepted}"
    fields = {"shipment_id": shipment["shipment_id"], "waybill": shipment["waybill"], "event_id": event_id}

    await silent.tms("shipment.interception_answered", accepted=accepted, reason="", **fields)

    await all_carried(silent, event_id)
    await settled(silent, order)


async def test_a_parcel_that_came_back_by_itself_is_watched_until_a_person_decides(silent: Baton) -> None:
    order = await brought_to(silent, "shipped")
    first = order["fulfillment_orders"][0]["fulfillment_order_id"]

    await silent.wms("fulfillment_order.returned", fulfillment_order_id=first, location_id="GUANGZHOU")

    await silent.until(order["order_id"], lambda order: bool(order["holds"]))
    await settled(silent, order)
    await silent.cancel(order["order_id"])


async def test_a_parcel_that_never_comes_back_from_an_interception_is_paid_back(silent: Baton) -> None:
    # Given
    order = await brought_to(silent, "shipped")
    await silent.cancel(order["order_id"])

    # When the carrier loses it on its way back
    await silent.tms(
        "shipment.tracking_updated",
        shipment_id=order["shipments"][0]["shipment_id"],
        waybill=order["shipments"][0]["waybill"],
        status="exception",
        code="lost",
        occurred_at=datetime.now(UTC).isoformat(),
    )

    # Then
    ended = await silent.until_status(order["order_id"], "canceled")
    assert ended["payment_status"] == "refunded"
    silent.verify()
