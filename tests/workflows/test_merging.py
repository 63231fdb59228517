"""Orders of one receiver in one parcel: they wait for each other, share a waybill, and part when one must leave."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from commands.channels import save_account
from tests.baton import Baton
from tests.integrations.servers import SECRET

WINDOW = timedelta(minutes=10)
LAMPS, TEA = [("ELEGANT-LAMP", 2, "120.00")], [("TEA-SET", 1, "80.00")]
FOUND = ({"ELEGANT_LAMP": 2}, {"TEA_SET": 1})
Order = dict[str, Any]

_buyers = count(1)


@pytest.fixture
def mall(silent: Baton) -> Baton:
    """Open a channel whose orders wait for each other."""
    settings = {"merge_window": WINDOW.total_seconds(), "merge_group": "our shops"}
    save_account(silent.sessions, "mall", "plain", SECRET, settings)
    return silent


async def place(baton: Baton, lines: Sequence[tuple[str, int, str]], buyer: str, **changes: Any) -> str:
    return await baton.order("MALL", channel="mall", lines=lines, customer={"customer_id": buyer}, **changes)


async def two(baton: Baton, **changes: Any) -> tuple[str, str]:
    """Two orders of one buyer, the second with `changes`."""
    buyer = f"BUYER-{next(_buyers)}"
    return await place(baton, LAMPS, buyer), await place(baton, TEA, buyer, **changes)


async def met(baton: Baton) -> tuple[str, str]:
    """Two orders that know of each other and wait for more."""
    orders = await two(baton)
    for order_id, other in (orders, orders[::-1]):
        await baton.until(order_id, lambda order, other=other: work(order).get("merged_with") == [other])  # type: ignore[misc]
    return orders


async def time_passes(baton: Baton, *orders: str) -> None:
    await asyncio.gather(
        *(baton.fast_forward(baton.workflow(one, "mall"), WINDOW + timedelta(seconds=1)) for one in orders)
    )


async def packed(baton: Baton) -> tuple[str, str]:
    """Two orders whose window has closed and whose goods are packed."""
    orders = await met(baton)
    await time_passes(baton, orders[0])
    for order_id, units in zip(orders, FOUND, strict=True):
        order = await baton.until_fulfillment(order_id, "released")
        await baton.pick_and_pack(work(order)["fulfillment_order_id"], **units)
    return orders


async def booked(baton: Baton) -> tuple[Order, Order]:
    """Two orders whose parcel has one waybill, as both workflows know."""
    orders = await packed(baton)
    first, second = [await baton.until(one, lambda order: bool(order["shipments"])) for one in orders]
    waits = f"the carrier to collect {first['shipments'][0]['waybill']}"
    for one in orders:
        await baton.until_page_says(one, waits, "mall")
    return first, second


def work(order: Order) -> Order:
    living = [one for one in order["fulfillment_orders"] if one["status"] not in ("canceled", "rejected")]
    return living[0] if living else {}


def waybills(order: Order) -> list[str]:
    return [one["waybill"] for one in order["shipments"] if not one["voided_at"]]


async def unmerge(baton: Baton, order_id: str) -> tuple[int, str]:
    answer = await baton.api.post(f"/orders/{order_id}/unmerge", json={"reason": "to the office instead"})
    return answer.status_code, answer.json().get("answer") or answer.json()["detail"]


async def test_two_orders_of_one_buyer_share_a_parcel_and_each_is_completed(mall: Baton) -> None:
    # Given
    first, second = await booked(mall)
    assert waybills(first) == waybills(second)

    # When the carrier delivers the one parcel
    shipment = (await mall.simulators.get(f"/tms/shipments/{first['shipments'][0]['shipment_id']}")).json()["request"]
    picks = [
        (await mall.simulators.get(f"/wms/fulfillment-orders/{work(one)['fulfillment_order_id']}")).json()["request"]
        for one in (first, second)
    ]
    for status in ("in_transit", "delivered"):
        await mall.track(first, status)

    # Then it has all goods, the warehouse knew what to pack together, and both orders are done
    assert shipment["lines"] == [{"sku": "ELEGANT-LAMP", "quantity": 2}, {"sku": "TEA-SET", "quantity": 1}]
    assert len(shipment["parcels"]) == len(shipment["fulfillment_order_ids"]) == 2
    assert picks[0]["pack_together"] == picks[1]["pack_together"]
    for order in (first, second):
        await mall.until_status(order["order_id"], "completed")
    mall.verify()


async def test_orders_to_different_addresses_are_not_merged(mall: Baton) -> None:
    elsewhere = {
        "name": "Lin Xia",
        "phone": "+8613800138000",
        "country": "CN",
        "city": "深圳",
        "lines": ["2 Hill Road"],
    }
    orders = await two(mall, ship_to=elsewhere | {"province": "广东"})
    for one in orders:
        await mall.until_event(one, "sourcing.decided")

    await time_passes(mall, *orders)

    for one in orders:
        order = await mall.until_fulfillment(one, "released")
        assert work(order)["merged_with"] == []


async def test_an_order_paid_on_delivery_is_not_merged(mall: Baton) -> None:
    order_id = await place(mall, LAMPS, "AT-THE-DOOR")
    payment = {"reference": "PAY-DOOR:90.00:CNY", "method": "cod"}
    at_the_door = await place(mall, TEA, "AT-THE-DOOR", payment=payment)

    await mall.until_fulfillment(at_the_door, "released")

    assert [
        event["data"]["reason"] for event in await mall.until_event(at_the_door, "fulfillment_order.not_merged")
    ] == ["it is paid on delivery"]
    assert work(await mall.show(order_id))["merged_with"] == []


async def test_a_cancel_while_orders_wait_lets_the_other_go_alone(mall: Baton) -> None:
    first, second = await met(mall)

    answer = (await mall.cancel(first)).json()["answer"]
    await time_passes(mall, second)

    order = await mall.until_fulfillment(second, "released")
    assert (answer, work(order)["merged_with"]) == ("done", [])
    mall.verify()


async def test_an_order_canceled_before_the_booking_is_not_in_the_parcel(mall: Baton) -> None:
    # Given two orders of which one is packed
    first, second = await met(mall)
    await time_passes(mall, second)
    order = await mall.until_fulfillment(second, "released")
    await mall.until_fulfillment(first, "released")
    await mall.pick_and_pack(work(order)["fulfillment_order_id"], TEA_SET=1)
    await mall.until_fulfillment(second, "packed")

    # When the other is canceled
    await mall.cancel(first)

    # Then the packed one does not wait any longer
    order = await mall.until(second, lambda order: bool(order["shipments"]))
    shipment = (await mall.simulators.get(f"/tms/shipments/{order['shipments'][0]['shipment_id']}")).json()["request"]
    assert shipment["lines"] == [{"sku": "TEA-SET", "quantity": 1}]
    mall.verify()


async def test_a_cancel_after_the_booking_has_the_other_order_booked_again(mall: Baton) -> None:
    first, second = await booked(mall)

    answer = (await mall.cancel(first["order_id"])).json()["answer"]

    await mall.until_status(first["order_id"], "canceled")
    order = await mall.until(second["order_id"], lambda order: waybills(order) not in ([], waybills(second)))
    assert (answer, work(order)["merged_with"]) == ("done", [])
    await mall.track(order, "delivered")
    await mall.until_status(second["order_id"], "completed")
    mall.verify()


async def test_staff_unmerge_an_order_from_a_booked_parcel(mall: Baton) -> None:
    first, second = await booked(mall)

    answer = await unmerge(mall, second["order_id"])

    mine = await mall.until(second["order_id"], lambda order: waybills(order) not in ([], waybills(first)))
    other = await mall.until(first["order_id"], lambda order: waybills(order) not in ([], waybills(first)))
    assert answer == (200, "done")
    assert waybills(mine) != waybills(other)
    for order in (mine, other):
        await mall.track(order, "delivered")
        await mall.until_status(order["order_id"], "completed")
    left = await mall.until_event(second["order_id"], "fulfillment_order.unmerged")
    assert (left[0]["actor"], left[0]["data"]["reason"]) == ("Sun of support", "to the office instead")
    mall.verify()


async def test_staff_unmerge_an_order_that_waits_and_whose_page_named_the_other(mall: Baton) -> None:
    first, second = await met(mall)
    await mall.until_page_says(first, f"shares a parcel with order/mall/{mall.placed[second]}", "mall")
    await mall.until_page_says(second, f"shares a parcel with order/mall/{mall.placed[first]}", "mall")

    assert await unmerge(mall, second) == (200, "done")

    assert work(await mall.until_fulfillment(second, "released"))["merged_with"] == []
    assert work(await mall.show(first))["merged_with"] == []


async def test_an_order_that_shares_nothing_cannot_be_unmerged(mall: Baton) -> None:
    order_id = await mall.order("ALONE")
    await mall.until_fulfillment(order_id, "released")

    assert await unmerge(mall, order_id) == (409, "the order shares no parcel that has not left")


async def test_a_shared_parcel_on_the_road_is_not_stopped_for_one_of_its_orders(mall: Baton) -> None:
    first, second = await booked(mall)
    await mall.track(first, "in_transit")
    for order in (first, second):
        await mall.until_fulfillment(order["order_id"], "shipped")

    answer = await mall.cancel(first["order_id"])

    assert answer.status_code == 409
    await mall.track(first, "delivered")
    for order in (first, second):
        await mall.until_status(order["order_id"], "completed")
    mall.verify()


async def test_a_refused_parcel_waits_for_one_person_and_is_booked_for_all(mall: Baton) -> None:
    # Given a parcel that no carrier takes: the trouble is in the number of an order
    buyer = f"BUYER-{next(_buyers)}"
    orders = [
        await mall.order("UNDELIVERABLE", channel="mall", lines=LAMPS, customer={"customer_id": buyer}),
        await place(mall, TEA, buyer),
    ]
    for order_id, other in (orders, orders[::-1]):
        await mall.until(order_id, lambda order, other=other: work(order).get("merged_with") == [other])  # type: ignore[misc]
    await time_passes(mall, orders[0])
    for order_id, units in zip(orders, FOUND, strict=True):
        order = await mall.until_fulfillment(order_id, "released")
        await mall.pick_and_pack(work(order)["fulfillment_order_id"], **units)

    # When the order that books is held, and taken out
    await mall.until(orders[0], lambda order: bool(order["holds"]))
    await mall.cancel(orders[0])

    # Then the other is booked by itself
    await mall.until_status(orders[0], "canceled")
    await mall.until(orders[1], lambda order: bool(waybills(order)))
    mall.verify()


async def test_a_shared_parcel_whose_waybill_is_voided_stays_shared(mall: Baton) -> None:
    # Given
    first, second = await booked(mall)
    before = first["shipments"][0]["shipment_id"]

    # When
    answer = await mall.api.post(f"/shipments/{before}/void", json={"reason": "the label does not stick"})

    # Then
    assert answer.json()["answer"] == "done"
    again = [
        await mall.until(
            order["order_id"], lambda seen: bool(seen["shipments"]) and seen["shipments"][0]["shipment_id"] != before
        )
        for order in (first, second)
    ]
    assert waybills(again[0]) == waybills(again[1]) != waybills(first)
    await mall.track(again[0], "delivered")
    for order in again:
        await mall.until_status(order["order_id"], "completed")
    mall.verify()
