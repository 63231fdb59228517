"""A person's data through a life of orders: only where it is needed, and nowhere after the erasure."""

import json
import re
from collections.abc import AsyncIterator, Iterator

import pytest

from domain.ids import order_workflow_id
from record.people.erasing import erase
from record.trail.proving import Link, links
from tests.baton import Baton, eventually
from tests.record.receiver import Receiver, receiving
from tests.workflows.person import CUSTOMER, MALL, live
from tests.workflows.test_deliver import end, subscribe

WORDS = re.compile("Zebulon|Quartermain|955507421|Marzipan", re.IGNORECASE)
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
async def lived(silent: Baton, receiver: tuple[Receiver, str]) -> AsyncIterator[list[str]]:
    """Live through the person's orders, with a subscriber that gets all events."""
    subscription = await subscribe(silent, receiver[1], channel=MALL)
    yield await live(silent)
    await end(silent, subscription)


def columns_that_name(baton: Baton, words: str) -> set[str]:
    """Return every column of every table that contains one of the words, whatever its type."""
    found = set()
    every = """
        SELECT table_name AS of, column_name AS name, data_type AS type FROM information_schema.columns
        WHERE table_schema = 'public' AND table_name IN (SELECT relname FROM pg_stat_user_tables)"""
    for column in baton.rows(every):
        shown = f"encode({column.name}, 'escape')" if column.type == "bytea" else f'"{column.name}"::text'
        select = f"SELECT 1 FROM {column.of} WHERE {shown} ~* :words LIMIT 1"
        if baton.rows(select.replace("::", r"\:\:"), words=words):
            found.add(f"{column.of}.{column.name}")
    return found


async def histories(baton: Baton) -> dict[str, str]:
    """Return all that Temporal has of the person's workflows: payloads, summaries, memo, search attributes."""
    texts = {}
    query = f"TaskQueue = '{baton.settings.task_queue}'"
    async for execution in baton.client.list_workflows(query):
        handle = baton.client.get_workflow_handle(execution.id, run_id=execution.run_id)
        described = (await handle.describe()).raw_description
        events = (await handle.fetch_history()).events
        texts[execution.id] = "".join(str(one) for one in (*events, described))
    return texts


def words_in(text: str) -> list[str]:
    return sorted(set(WORDS.findall(text)))


async def test_a_person_is_named_in_the_record_only_where_it_must_be(silent: Baton, lived: list[str]) -> None:
    assert columns_that_name(silent, WORDS.pattern) == MAY_NAME.keys()


async def test_no_workflow_names_a_person(silent: Baton, lived: list[str]) -> None:
    texts = await histories(silent)

    assert {order_workflow_id(MALL, silent.placed[order_id]) for order_id in lived} <= texts.keys()
    assert any(name.startswith("return/") for name in texts)
    assert {name: words for name, text in texts.items() if (words := words_in(text))} == {}


async def test_recipients_without_the_right_get_no_personal_data(
    silent: Baton, lived: list[str], receiver: tuple[Receiver, str]
) -> None:
    """These are a subscriber without the right, and the partners that get only the customer's id."""
    heard = [json.dumps(event) for event in receiver[0].events]
    for recipient in ("erp", "crm", "channel"):
        for order_id in lived:
            heard.append((await silent.simulators.get(f"/{recipient}/messages", params={"order_id": order_id})).text)

    assert all(order_id in "".join(heard) for order_id in lived)
    assert words_in("".join(heard)) == []


async def test_after_an_erasure_nothing_names_the_person_and_the_record_verifies(
    silent: Baton, lived: list[str]
) -> None:
    # given that all is over, also for its recipients
    await eventually(lambda: waiting(silent), lambda messages: messages == 0)

    # when
    done = erase(silent.sessions, [CUSTOMER], "lin")

    # then not even the channel's id is left
    assert (done.orders, done.under_way) == (len(lived), [])
    assert columns_that_name(silent, f"{WORDS.pattern}|{CUSTOMER}") == set()
    silent.verify()
    chains = await eventually(lambda: facts(silent, lived), lambda chains: all(link.position for link in chains))
    assert [link.fault for link in chains if link.fault] == []


async def waiting(baton: Baton) -> int:
    unsent = "SELECT 1 FROM messages JOIN orders USING (order_id) WHERE customer_id = :customer AND sent_at IS NULL"
    return len(baton.rows(unsent, customer=CUSTOMER))


async def facts(baton: Baton, orders: list[str]) -> list[Link]:
    with baton.sessions() as session:
        return [link for order_id in orders for link in links(session, order_id)]
