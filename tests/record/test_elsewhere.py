"""What a channel says of its shipping, in whatever order it says so, how often, and together with our own parcels."""

import json
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import select

from activities.elsewhere import Elsewhere, ElsewhereRequest
from models.database import Sessions
from models.fulfillment import FulfillmentLineRow, FulfillmentOrderRow, ShipmentRow
from models.order import OrderEventRow, OrderLineRow, OrderRow, ParcelElsewhereRow
from record.channels.accounts import make_account
from record.channels.fetched import Fetched, take_fetched
from record.orders.elsewhere import any_elsewhere
from record.sourcing.needs import outstanding
from tests.channels.payloads import parsed
from tests.factories import LAMP, TEACUP

ACCOUNT = make_account("web-shop", "shopify")
LINES = {1: "LAMP-LINE", 2: "CUP-LINE"}


def order(at: int = 0, *fulfillments: dict[str, Any], **changes: Any) -> Fetched:
    """A Shopify order of two lamps and a cup, as it is `at` this hour."""
    payload = parsed("shopify", "ordinary")
    lines = [
        payload["line_items"][0] | {"id": name, "sku": sku, "quantity": units, "price": "10.00"}
        for (name, sku, units) in ((LINES[1], LAMP, 2), (LINES[2], TEACUP, 1))
    ]
    moment = datetime(2026, 3, 3, tzinfo=UTC) + timedelta(hours=at)
    about = {"line_items": lines, "updated_at": moment.isoformat(), "fulfillments": list(fulfillments)}
    return Fetched(json.dumps(payload | about | changes).encode())


def fulfilled(waybill: str, lamps: int = 0, cups: int = 0, **changes: Any) -> dict[str, Any]:
    units = {LINES[1]: lamps, LINES[2]: cups}
    return {
        "id": f"F-{waybill or lamps * 10 + cups}",
        "status": "success",
        "created_at": "2026-03-03T10:00:00Z",
        "tracking_company": "UPS",
        "tracking_number": waybill,
        "line_items": [{"id": name, "quantity": number} for name, number in units.items() if number],
    } | changes


def take(sessions: Sessions, *states: Fetched) -> str:
    for state in states:
        [intake] = take_fetched(sessions, ACCOUNT, [state])
        assert intake.status == "taken", intake
    return str(intake.order_id)


def elsewhere(sessions: Sessions, order_id: str) -> list[int]:
    with sessions() as session:
        lines = select(OrderLineRow.elsewhere).where(OrderLineRow.order_id == order_id)
        return list(session.scalars(lines.order_by(OrderLineRow.line_no)))


def waybills(sessions: Sessions, order_id: str) -> list[str]:
    with sessions() as session:
        parcels = select(ParcelElsewhereRow.waybill).where(ParcelElsewhereRow.order_id == order_id)
        return sorted(session.scalars(parcels))


def alerts(sessions: Sessions, order_id: str) -> list[str]:
    with sessions() as session:
        raised = select(OrderEventRow.data["code"].astext).where(OrderEventRow.type == "alert.raised")
        return list(session.scalars(raised.where(OrderEventRow.order_id == order_id)))


def work(sessions: Sessions, order_id: str, status: str, number: int = 1, waybill: str = "", **units: int) -> None:
    """A fulfillment order of ours; one with a waybill has left."""
    name = f"{order_id}-{number}"
    left = datetime.now(UTC) if status in ("shipped", "delivered") else None
    with sessions.begin() as session:
        if waybill:
            session.add(ShipmentRow(shipment_id=f"{name}-S1", carrier="UPS", waybill=waybill, tracking_status=""))
            session.flush()
        about = {"order_id": order_id, "number": number, "location_id": "HANGZHOU", "reason": "near", "status": status}
        shipment = f"{name}-S1" if waybill else None
        session.add(FulfillmentOrderRow(fulfillment_order_id=name, shipment_id=shipment, shipped_at=left, **about))
        session.flush()
        for sku, quantity in ((LAMP, units.get("lamps", 0)), (TEACUP, units.get("cups", 0))):
            if quantity:
                line = {"fulfillment_order_id": name, "sku": sku, "quantity": quantity, "allocated": 0}
                session.add(FulfillmentLineRow(**line))


STATES = (
    lambda: order(1),
    lambda: order(2, fulfilled("1Z-A", lamps=1)),
    lambda: order(3, fulfilled("1Z-A", lamps=1, shipment_status="delivered"), fulfilled("1Z-B", cups=1)),
)


@pytest.mark.parametrize("sequence", list(permutations(range(3))))
def test_states_in_any_order_and_twice_end_the_same(stocked: Sessions, sequence: tuple[int, ...]) -> None:
    order_id = take(stocked, *(STATES[number]() for number in (*sequence, *sequence)))

    assert (elsewhere(stocked, order_id), waybills(stocked, order_id)) == ([1, 1], ["1Z-A", "1Z-B"])
    with stocked() as session:
        assert outstanding(session, order_id) == {LAMP: 1}
    assert alerts(stocked, order_id) == []


@pytest.mark.parametrize("status", ["packed", "shipped", "delivered"])
def test_every_order_that_we_ship_comes_back_fulfilled(stocked: Sessions, status: str) -> None:
    order_id = take(stocked, order())
    work(stocked, order_id, status, waybill="1Z 999-AA", lamps=2, cups=1)

    take(stocked, order(1, fulfilled("1z999aa", lamps=2, cups=1), fulfillment_status="fulfilled"))

    assert (elsewhere(stocked, order_id), waybills(stocked, order_id), alerts(stocked, order_id)) == ([0, 0], [], [])


def test_an_echo_without_a_waybill_is_ours_as_far_as_our_units_go(stocked: Sessions) -> None:
    # Given a lamp that left us, and a cup that is still here
    order_id = take(stocked, order())
    work(stocked, order_id, "shipped", waybill="1Z1", lamps=2)

    # When the platform says that the lamps and the cup were shipped, without any number
    take(stocked, order(1, fulfilled("", lamps=2, cups=1)))

    # Then only the cup is the platform's
    assert elsewhere(stocked, order_id) == [0, 1]


def test_a_parcel_of_ours_and_one_of_the_platform_are_told_apart(stocked: Sessions) -> None:
    order_id = take(stocked, order())
    work(stocked, order_id, "shipped", waybill="1Z1", lamps=1)

    take(stocked, order(1, fulfilled("1Z1", lamps=1), fulfilled("1Z2", lamps=1, cups=1)))

    assert (elsewhere(stocked, order_id), waybills(stocked, order_id)) == ([1, 1], ["1Z2"])


def test_what_a_warehouse_has_is_not_taken_out_until_it_is_free(stocked: Sessions) -> None:
    # Given work that is open and work that is released
    order_id = take(stocked, order())
    work(stocked, order_id, "open", number=1, lamps=2)
    work(stocked, order_id, "released", number=2, cups=1)

    # When the platform has shipped everything
    take(stocked, order(1, fulfilled("1Z3", lamps=2, cups=1)))
    step = Elsewhere(stocked)
    first = step.take_elsewhere(ElsewhereRequest(order_id))
    with stocked.begin() as session:
        session.get_one(FulfillmentOrderRow, f"{order_id}-1").status = "canceled"
    second, again = (step.take_elsewhere(ElsewhereRequest(order_id)) for _ in range(2))

    # Then only what became free is the platform's
    assert (first.units, first.left_units, first.open_work) == (0, 3, [f"{order_id}-1"])
    assert (second.units, second.left_units, second.open_work, second.nothing_to_send) == (2, 1, [], False)
    assert again == second
    assert f"1 {TEACUP}" in second.reason


def test_a_fulfillment_that_is_taken_back_calls_a_person_and_sends_nothing(stocked: Sessions) -> None:
    order_id = take(stocked, order(0, fulfilled("1Z4", lamps=2)))

    take(stocked, order(1, fulfilled("1Z4", lamps=2, status="cancelled")))

    assert (elsewhere(stocked, order_id), alerts(stocked, order_id)) == ([2, 0], ["ELSEWHERE_TAKEN_BACK"])
    with stocked() as session:
        assert outstanding(session, order_id) == {TEACUP: 1}
        assert any_elsewhere(session, order_id)


@pytest.mark.parametrize("status", ["completed", "canceled"])
def test_a_parcel_of_an_order_that_has_ended_calls_a_person(stocked: Sessions, status: str) -> None:
    order_id = take(stocked, order())
    with stocked.begin() as session:
        row = session.get_one(OrderRow, order_id)
        row.status, row.ended_at = status, datetime.now(UTC)

    take(stocked, order(1, fulfilled("1Z5", lamps=2)), order(1, fulfilled("1Z5", lamps=2)))

    assert (elsewhere(stocked, order_id), alerts(stocked, order_id)) == ([0, 0], ["SHIPPED_ELSEWHERE"])


def test_a_withdrawn_unit_is_never_taken_out_as_well(stocked: Sessions) -> None:
    order_id = take(stocked, order())
    with stocked.begin() as session:
        session.get_one(OrderLineRow, (order_id, 1)).withdrawn = 1

    take(stocked, order(1, fulfilled("1Z6", lamps=2, cups=1)))

    assert elsewhere(stocked, order_id) == [1, 1]


def test_a_parcel_that_comes_as_another_goes_is_never_sent_by_us_too(stocked: Sessions) -> None:
    # given a lamp that the channel shipped
    order_id = take(stocked, order(0, fulfilled("1Z7", lamps=1)))

    # when it takes that back, and has shipped the cup
    for hour in (1, 1, 2):
        take(stocked, order(hour, fulfilled("1Z8", cups=1)))

    # then both stay out, and a person is called once
    assert (elsewhere(stocked, order_id), waybills(stocked, order_id)) == ([1, 1], ["1Z7", "1Z8"])
    assert alerts(stocked, order_id) == ["ELSEWHERE_TAKEN_BACK"]
    with stocked() as session:
        assert outstanding(session, order_id) == {LAMP: 1}


def test_a_parcel_that_shrinks_keeps_what_was_taken_out_and_no_more(stocked: Sessions) -> None:
    order_id = take(stocked, order(0, fulfilled("1Z9", lamps=2)))

    take(stocked, order(1, fulfilled("1Z9", lamps=1, cups=1)))

    with stocked() as session:
        parcels = session.scalars(select(ParcelElsewhereRow.lines).where(ParcelElsewhereRow.order_id == order_id))
        assert (elsewhere(stocked, order_id), parcels.all()) == ([2, 1], [[[1, 2], [2, 1]]])


def test_an_order_under_our_waybill_and_anothers_without_lines_is_anothers_but_for_what_left_us(
    stocked: Sessions,
) -> None:
    order_id = take(stocked, order())
    work(stocked, order_id, "shipped", waybill="1Z1", lamps=1)

    take(stocked, order(1, fulfilled("1Z1")))
    alone = elsewhere(stocked, order_id)
    take(stocked, order(2, fulfilled("1Z1"), fulfilled("9X") | {"id": "F-OTHER"}))

    assert alone == [0, 0]
    assert (elsewhere(stocked, order_id), waybills(stocked, order_id)) == ([1, 1], ["9X"])
