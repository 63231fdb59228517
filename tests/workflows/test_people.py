"""A person through a whole life of orders: named only where it must be, and after the erasure nowhere."""

import json
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from domain.ids import order_workflow_id
from intake.erasing import erase
from tests.api.channel_calls import open_account, push
from tests.house import House, eventually, order_body
from tests.subscriptions.receiver import Receiver, receiving
from tests.workflows.test_deliver import end, subscribe
from trail.proving import Link, links

MALL, CUSTOMER = "people-mall", "C-7421-9555"
# Every word of it is one that appears nowhere else.
PERSON = {
    "name": "Zebulon Quartermain",
    "phone": "+8613955507421",
    "email": "zebulon@quartermain.example",
    "country": "CN",
    "province": "广东省",
    "city": "深圳市",
    "lines": ["77 Marzipan Crescent"],
}
WORDS = re.compile("Zebulon|Quartermain|955507421|Marzipan", re.IGNORECASE)
SAYS = "Zebulon Quartermain called from 139 5550 7421"
"""What people write although they are asked to name nobody."""
MAY_NAME = {
    "orders.receiver": "where the parcel goes",
    "orders.remarks": "what the customer wrote",
    "order_lines.properties": "what is engraved",
    "intakes.raw": "what the channel sent, as it came",
    "returns.reason": "what the customer wrote",
    "partner_events.data": "what the customer and the courier wrote, as it came",
}


@pytest.fixture(scope="module")
def receiver() -> Iterator[tuple[Receiver, str]]:
    with receiving() as found:
        yield found


@pytest.fixture(scope="module")
async def lived(silent: House, receiver: tuple[Receiver, str]) -> AsyncIterator[list[str]]:
    """The person's orders: two share a parcel of which one is held first and comes back; the third changes its way
    and is lost, claimed and paid back; the fourth is canceled."""
    open_account(silent.sessions, MALL, merge_window=2.0, merge_group="people")
    subscription = await subscribe(silent, receiver[1], channel=MALL)
    first = await placed(silent, "MET", remarks="Zebulon wants a free dragon")
    release = {"note": SAYS}
    for hold in (await silent.until_status(first, "under_review"))["holds"]:
        assert (await silent.api.post(f"/orders/{first}/holds/{hold['code']}/release", json=release)).is_success
    second = await placed(silent, "MET", tea_sets=2)
    await met_and_came_back(silent, first, second)
    await lost(silent, third := await placed(silent, "LOST", tea_sets=3))
    await silent.until_fulfillment(fourth := await placed(silent, "CANCELED", tea_sets=4), "released")
    assert (await silent.api.post(f"/orders/{fourth}/cancel", json={"reason": SAYS})).is_success
    await silent.until_status(fourth, "canceled")
    yield [first, second, third, fourth]
    await end(silent, subscription)


async def placed(house: House, name: str, tea_sets: int = 1, **changes: Any) -> str:
    """An order of the person, as the channel tells of it."""
    number = f"{name}-{len(house.placed)}"
    lines = [("TEA-SET", tea_sets, "80.00")]
    body = order_body(number, channel=MALL, customer={"customer_id": CUSTOMER}, ship_to=PERSON, lines=lines, **changes)
    body["lines"][0]["properties"] = {"engraving": "For Zebulon"}
    answer = await push(house.api, MALL, json.dumps({"type": "order.created", "data": body}).encode())
    assert answer.status_code == 202, answer.text
    order_id: str = answer.json()["order_id"]
    assert order_id, answer.text
    house.placed[order_id] = number
    return order_id


async def met_and_came_back(house: House, first: str, second: str) -> None:
    """Two orders travel in one parcel; then one of them is returned."""
    for one, tea_sets in ((first, 1), (second, 2)):
        await house.until_fulfillment(one, "released")
        await house.pick_and_pack(f"{one}-1", TEA_SET=tea_sets)
    order = await house.until(first, lambda order: bool(order["shipments"]))
    assert order["fulfillment_orders"][0]["merged_with"] == [second]
    await house.track(order, "in_transit")
    for one in (first, second):
        await house.until_fulfillment(one, "shipped")
    await signed(house, order)
    for one in (first, second):
        await house.until_status(one, "completed")
    asked = {"case_id": "K-1", "reason": SAYS, "lines": [{"line_no": 1, "quantity": 1}]}
    answer = await house.api.post(f"/orders/{first}/returns", json=asked, headers={"Idempotency-Key": '"back"'})
    assert answer.status_code == 202, answer.text
    await house.until(first, lambda order: bool(order["returns"]) and order["returns"][0]["status"] != "requested")
    back = {"return_id": f"{first}-R-K-1", "lines": [{"sku": "TEA-SET", "quantity": 1}]}
    await house.wms("return.received", location_id="SHANGHAI", **back)
    judged = {"sku": "TEA-SET", "quantity": 1, "disposition": "restock", "grade": "A"}
    await house.wms("return.inspected", return_id=back["return_id"], lines=[judged])
    await house.until(first, lambda order: order["returns"][0]["status"] == "closed")
    refused = await house.api.post(f"/returns/{back['return_id']}/cancel", json={"reason": SAYS})
    assert refused.status_code == 409


async def signed(house: House, order: dict[str, Any]) -> None:
    """The courier writes who has signed."""
    shipment = order["shipments"][0]
    told = {"shipment_id": shipment["shipment_id"], "waybill": shipment["waybill"], "status": "delivered"}
    await house.tms("shipment.tracking_updated", occurred_at="2030-01-01T00:00:00Z", note=SAYS, **told)


async def lost(house: House, order_id: str) -> None:
    """A warehouse gives the work back, another one's parcel goes to another address and is lost."""
    await house.until_fulfillment(order_id, "released")
    await house.wms("fulfillment_order.rejected", fulfillment_order_id=f"{order_id}-1", reason=SAYS)
    await house.until(
        order_id, lambda order: [one["status"] for one in order["fulfillment_orders"][1:]] == ["released"]
    )
    await house.pick_and_pack(f"{order_id}-2", TEA_SET=3)
    order = await house.until(order_id, lambda order: bool(order["shipments"]))
    await house.track(order, "in_transit")
    moved = {"ship_to": PERSON | {"lines": ["78 Marzipan Crescent"]}}
    # The record is a moment ahead of the order, which refuses until it knows.
    await eventually(
        lambda: house.api.post(f"/orders/{order_id}/address", json=moved), lambda answer: answer.is_success
    )
    await house.track(order, "exception", code="lost")
    await house.until_event(order_id, "alert.raised")
    answer = await house.api.post(f"/orders/{order_id}/parcel", json={"action": "refund"})
    assert answer.is_success, answer.text
    await house.until(order_id, lambda order: order["ended_at"] is not None)


def columns_that_name(house: House, words: str) -> set[str]:
    """Every column of every table in which one of the words stands, whatever its type."""
    found = set()
    every = """
        SELECT table_name AS of, column_name AS name, data_type AS type FROM information_schema.columns
        WHERE table_schema = 'public' AND table_name IN (SELECT relname FROM pg_stat_user_tables)"""
    for column in house.rows(every):
        shown = f"encode({column.name}, 'escape')" if column.type == "bytea" else f'"{column.name}"::text'
        select = f"SELECT 1 FROM {column.of} WHERE {shown} ~* :words LIMIT 1"
        if house.rows(select.replace("::", r"\:\:"), words=words):
            found.add(f"{column.of}.{column.name}")
    return found


async def histories(house: House) -> dict[str, str]:
    """All that Temporal has of the person's workflows, by workflow: payloads, summaries, memo, search attributes."""
    told = {}
    query = f"TaskQueue = '{house.settings.task_queue}'"
    async for execution in house.client.list_workflows(query):
        handle = house.client.get_workflow_handle(execution.id, run_id=execution.run_id)
        described = (await handle.describe()).raw_description
        events = (await handle.fetch_history()).events
        told[execution.id] = "".join(str(one) for one in (*events, described))
    return told


def words_in(told: str) -> list[str]:
    return sorted(set(WORDS.findall(told)))


async def test_a_person_is_named_in_the_record_only_where_it_must_be(silent: House, lived: list[str]) -> None:
    assert columns_that_name(silent, WORDS.pattern) == MAY_NAME.keys()


async def test_no_workflow_names_a_person(silent: House, lived: list[str]) -> None:
    told = await histories(silent)

    assert {order_workflow_id(MALL, silent.placed[order_id]) for order_id in lived} <= told.keys()
    assert any(name.startswith("return/") for name in told)
    assert {name: words for name, text in told.items() if (words := words_in(text))} == {}


async def test_who_need_not_know_a_person_is_told_of_nobody(
    silent: House, lived: list[str], receiver: tuple[Receiver, str]
) -> None:
    """A subscriber without the right, and the partners that have no more than the customer's id."""
    heard = [json.dumps(event) for event in receiver[0].events]
    for recipient in ("erp", "crm", "channel"):
        for order_id in lived:
            heard.append((await silent.simulators.get(f"/{recipient}/messages", params={"order_id": order_id})).text)

    assert all(order_id in "".join(heard) for order_id in lived)
    assert words_in("".join(heard)) == []


async def test_after_the_erasure_nothing_names_the_person_and_everything_is_still_proved(
    silent: House, lived: list[str]
) -> None:
    # given that all is over, also for those who are told of it
    await eventually(lambda: waiting(silent), lambda messages: messages == 0)

    # when
    done = erase(silent.sessions, [CUSTOMER], "lin")

    # then not even the channel's id is left
    assert (done.orders, done.under_way) == (len(lived), [])
    assert columns_that_name(silent, f"{WORDS.pattern}|{CUSTOMER}") == set()
    silent.verify()
    chains = await eventually(lambda: facts(silent, lived), lambda chains: all(link.position for link in chains))
    assert [link.fault for link in chains if link.fault] == []


async def waiting(house: House) -> int:
    unsent = "SELECT 1 FROM messages JOIN orders USING (order_id) WHERE customer_id = :customer AND sent_at IS NULL"
    return len(house.rows(unsent, customer=CUSTOMER))


async def facts(house: House, orders: list[str]) -> list[Link]:
    with house.sessions() as session:
        return [link for order_id in orders for link in links(session, order_id)]
