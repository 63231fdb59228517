"""Work waits for the wave of its location, unless it is urgent, and staff may release a wave early."""

import csv
from datetime import UTC, datetime, time, timedelta
from itertools import count

import pytest
from sqlalchemy import text

from commands.seed import Shop, stock_shop
from models.stock import LocationRow
from tests.baton import Baton

_numbers = count(1)


@pytest.fixture
def town(silent: Baton) -> str:
    """A warehouse with a wave that is hours away, and the only one that has its clocks."""
    number = next(_numbers)
    name, goods = f"WAVE-TOWN-{number}", f"WAVE-CLOCK-{number}"
    place = {"location_id": name, "kind": "warehouse", "name": name, "country": "CN", "province": "广东省"}
    with silent.sessions.begin() as session:
        stock_shop(session, Shop({goods: "Clock"}, [place], {(goods, name): 50}))
        far = (datetime.now(UTC) + timedelta(hours=12)).time()
        row = session.get_one(LocationRow, name)
        row.waves, row.time_zone = [time(far.hour, far.minute)], "UTC"
    return name


async def clock(baton: Baton, town: str, units: int = 1) -> str:
    goods = town.replace("TOWN", "CLOCK")
    return await baton.order("WAVE", lines=[(goods, units, "120.00")])


async def waits_for_wave(baton: Baton, order_id: str) -> str:
    """Its fulfillment order, once the order waits."""
    await baton.until_event(order_id, "sourcing.decided")
    await baton.until_page_says(order_id, "waits for the wave of")
    order = await baton.show(order_id)
    assert order["fulfillment_status"] == "open"
    return str(order["fulfillment_orders"][0]["fulfillment_order_id"])


async def test_the_address_of_work_that_waits_for_a_wave_is_edited_and_it_waits_on(silent: Baton, town: str) -> None:
    # given
    order_id = await clock(silent, town)
    await waits_for_wave(silent, order_id)
    [wave] = silent.rows("SELECT wave_at FROM fulfillment_orders WHERE order_id = :id", id=order_id)

    # when
    contact = {"reason": "a new number", "contact": {"phone": "+8613900139000"}}
    edit = (await silent.api.post(f"/orders/{order_id}/edits", json=contact)).json()
    answer = await silent.api.post(f"/orders/{order_id}/edits/{edit['edit_id']}/confirm")

    # then no warehouse was asked, and other work waits for the same wave
    assert answer.status_code == 200, answer.text
    order = await silent.until(order_id, lambda order: len(order["fulfillment_orders"]) == 2)
    assert [one["status"] for one in order["fulfillment_orders"]] == ["canceled", "open"]
    assert order["fulfillment_orders"][1]["wave_at"] == wave.wave_at.isoformat().replace("+00:00", "Z")
    assert order["ship_to"]["phone"] == "+8613900139000"
    asked = await silent.simulators.get(f"/wms/fulfillment-orders/{order_id}-1")
    assert asked.status_code == 404
    silent.verify()


async def test_work_stays_open_until_its_wave(silent: Baton, town: str) -> None:
    # given
    order_id = await clock(silent, town)
    work = await waits_for_wave(silent, order_id)
    unknown = await silent.simulators.get(f"/wms/fulfillment-orders/{work}")

    # when
    with silent.sessions.begin() as session:
        session.execute(text("UPDATE fulfillment_orders SET wave_at = now(), wave_after = now() WHERE wave_at > now()"))
    await silent.until_fulfillment(order_id, "released")

    # then
    assert unknown.status_code == 404
    assert (await silent.simulators.get(f"/wms/fulfillment-orders/{work}")).json()["status"] == "accepted"
    silent.verify()


async def test_staff_release_the_wave_of_a_location_and_see_what_waits(silent: Baton, town: str) -> None:
    # given
    orders = [await clock(silent, town, units=2) for _ in range(3)]
    for order_id in orders:
        await waits_for_wave(silent, order_id)
    before = (await silent.api.get(f"/locations/{town}/waves")).json()

    # when
    response = await silent.api.post(f"/locations/{town}/waves", json={"note": "the truck comes early"})
    again = await silent.api.post(f"/locations/{town}/waves", json={})
    for order_id in orders:
        await silent.until_fulfillment(order_id, "released")

    # then
    assert [(wave["fulfillment_orders"], wave["units"], wave["released"]) for wave in before["waves"]] == [
        (3, 6, False)
    ]
    assert before["next_at"] == before["waves"][0]["wave_at"]
    assert (response.json(), again.json()) == ({"released": 3}, {"released": 0})
    [event] = await silent.until_event(orders[0], "fulfillment_order.wave_released")
    assert (event["actor"], event["data"]["note"]) == ("Sun of support", "the truck comes early")
    assert (await silent.api.get(f"/locations/{town}/waves")).json()["waves"] == []


async def test_an_urgent_order_skips_the_wave(silent: Baton, town: str) -> None:
    goods = town.replace("TOWN", "CLOCK")

    order_id = await silent.order("WAVE", lines=[(goods, 1, "120.00")], remarks="加急")

    await silent.until_fulfillment(order_id, "released")


async def test_work_that_waits_for_a_wave_is_canceled_without_asking_the_warehouse(silent: Baton, town: str) -> None:
    # given
    order_id = await clock(silent, town)
    work = await waits_for_wave(silent, order_id)

    # when
    answer = await silent.cancel(order_id)

    # then
    assert answer.json()["answer"] == "done"
    assert (await silent.simulators.get(f"/wms/fulfillment-orders/{work}")).status_code == 404
    silent.verify()


async def test_the_pick_list_has_the_most_urgent_first_and_sums_by_sku(silent: Baton, town: str) -> None:
    # given
    goods = town.replace("TOWN", "CLOCK")
    later = await clock(silent, town, units=2)
    await waits_for_wave(silent, later)
    first = await silent.order("WAVE", lines=[(goods, 1, "120.00")], remarks="加急")
    await silent.until_fulfillment(first, "released")

    # when
    response = (await silent.api.get(f"/locations/{town}/pick-list")).json()
    sheet = (await silent.api.get(f"/locations/{town}/pick-list", params={"format": "csv"})).text

    # then
    orders = response["fulfillment_orders"]
    assert [(order["order_id"], order["status"]) for order in orders] == [(first, "released"), (later, "open")]
    assert response["skus"] == [{"sku": goods, "title": "Clock", "quantity": 3}]
    rows = list(csv.DictReader(sheet.splitlines()))
    assert [(row["priority"], row["sku"], row["quantity"]) for row in rows] == [("50", goods, "1"), ("100", goods, "2")]


async def test_an_unknown_location_has_no_waves(silent: Baton) -> None:
    assert (await silent.api.get("/locations/NOWHERE/waves")).status_code == 404
    assert (await silent.api.post("/locations/NOWHERE/waves", json={})).status_code == 404
    assert (await silent.api.get("/locations/NOWHERE/pick-list")).status_code == 404
