"""sec_15: facts in the sealed log carry codes only, and erasing a person reaches every word about them."""

from typing import Any

import pytest
from sqlalchemy import text

from commands.verify_checks import WORDS_KEPT
from domain.fact_words import WORDS
from models.database import Sessions
from record.journal import append_fact
from record.people.erasing import erase
from record.trail.proving import links
from record.trail.sealing import Sealing
from tests.api.conftest import Api
from tests.factories import place_order
from tests.persons import CODES, FREE_TEXT, columns_of_text, find_words, plant_words, why_not_personal
from tests.planted import plant

# Rows for tables that `plant` does not fill.
MORE = """
    INSERT INTO holds (order_id, code, reason, owner_role, released_at, released_by, note)
    SELECT order_id, 'REGION', 'r', 'staff', now(), 'lin', 'n' FROM orders;
    INSERT INTO sourcing_decisions (order_id, round, policy, solved, reason, cost_minor, currency, hours, late,
        assignments, scores, excluded, inputs, parameters, lead_times)
    SELECT order_id, 1, 'cheapest', 'fast', 'r', 1, 'CNY', 1, false, '{}', '[]', '{}', '{}', '', 1 FROM orders;
    INSERT INTO step_results (key, result) SELECT order_id || ':audit:1', '{}' FROM orders;
    INSERT INTO stock_movements (kind, sku, location_id, quantity, order_id, reason)
    SELECT 'adjusted', 'ELEGANT-LAMP', 'HANGZHOU', 0, order_id, 'r' FROM orders;
    INSERT INTO idempotency_keys (holder, key, fingerprint, status, body) SELECT 'k', 'x', 'f', 200, '' FROM orders;
    INSERT INTO partner_events (partner, event_id, type, subject, data)
    SELECT 'payments', 'P-1', 'payment.captured', payment_reference, '{}' FROM orders;
    INSERT INTO partner_events (partner, event_id, type, subject, data)
    SELECT 'kuaidi100', 'W-1', 'waybill.tracking_updated', order_id, '{}' FROM orders
"""


def do(sessions: Sessions, statement: str, **values: Any) -> None:
    with sessions.begin() as session:
        session.execute(text(statement.replace("::", r"\:\:")), values)


def test_every_text_column_is_planted_or_has_a_reason_why_it_names_nobody() -> None:
    columns = columns_of_text()

    assert [column for column in columns if column not in FREE_TEXT and not why_not_personal(column)] == []
    # The lists name no column that does not exist.
    assert set(FREE_TEXT) - set(columns) == set()
    assert {key for key in CODES if "*" not in key} - set(columns) == set()


def test_no_column_names_an_erased_person(sessions: Sessions) -> None:
    # given a person in every column of free text, and in each field of a fact that takes words
    plant(sessions)
    do(sessions, MORE)
    words = set(plant_words(sessions))
    assert find_words(sessions) == words

    # when
    with sessions() as session:
        (name,) = session.scalars(text("SELECT customer_id FROM orders"))
    erase(sessions, [name], "lin")

    # then
    assert find_words(sessions) == set()


def test_a_facts_words_are_kept_apart_and_erased_without_changing_a_hash(sessions: Sessions) -> None:
    # given a sealed fact with words
    order_id = place_order(sessions)
    do(sessions, "UPDATE orders SET status = 'completed'")
    with sessions.begin() as session:
        data = {"code": "ADDRESS"} | dict.fromkeys(WORDS, "ask Zhang San, 13812345678")
        append_fact(session, order_id, "order.held", "held", data)
    Sealing(sessions).run()
    with sessions() as session:
        before = [(link.hash, link.fault) for link in links(session, order_id)]
        (data,) = session.scalars(text("SELECT data FROM order_events WHERE key = 'held'"))
        (words,) = session.scalars(text("SELECT words FROM event_words"))
        assert [row.wrong for row in session.execute(text(WORDS_KEPT))] == [False]
    assert (data.keys(), data["code"]) == ({"code", "words"}, "ADDRESS")
    assert words == dict.fromkeys(WORDS, "ask Zhang San, 13812345678")

    # when
    erase(sessions, [customer_of(sessions)], "lin")

    # then the words are gone, and no hash has changed
    with sessions() as session:
        after = [(link.hash, link.fault) for link in links(session, order_id)]
        assert session.scalars(text("SELECT words FROM event_words")).all() == []
        assert not any(row.wrong for row in session.execute(text(WORDS_KEPT)))
    assert after[: len(before)] == before
    assert {fault for _, fault in after} == {""}


def test_words_written_about_an_erased_person_are_not_kept(sessions: Sessions) -> None:
    order_id = place_order(sessions)
    do(sessions, "UPDATE orders SET status = 'completed'")
    erase(sessions, [customer_of(sessions)], "lin")

    with sessions.begin() as session:
        append_fact(session, order_id, "order.noted", "late", {"note": "Zhang San called"})

    with sessions() as session:
        assert session.scalars(text("SELECT words FROM event_words")).all() == []


def test_a_repeated_fact_keeps_its_first_words(sessions: Sessions) -> None:
    order_id = place_order(sessions)

    for note in ("the first", "the second"):
        with sessions.begin() as session:
            append_fact(session, order_id, "order.noted", "noted", {"note": note})

    with sessions() as session:
        assert session.scalars(text("SELECT words FROM event_words")).all() == [{"note": "the first"}]


@pytest.mark.parametrize(
    "change", ['UPDATE event_words SET words = \'{"note": "another"}\'', "DELETE FROM event_words"]
)
def test_words_changed_or_removed_in_the_database_are_found(sessions: Sessions, change: str) -> None:
    order_id = place_order(sessions)
    with sessions.begin() as session:
        append_fact(session, order_id, "order.noted", "noted", {"note": "call first"})

    do(sessions, change)

    with sessions() as session:
        assert [row.wrong for row in session.execute(text(WORDS_KEPT))] == [True]


async def test_words_are_shown_only_with_the_right_to_see_people_and_until_erased(
    staff: Api, viewer: Api, sessions: Sessions
) -> None:
    # given
    order_id = place_order(sessions)
    do(sessions, "UPDATE orders SET status = 'completed'")
    with sessions.begin() as session:
        append_fact(session, order_id, "order.held", "held", {"code": "ADDRESS", "reason": "Zhang San has moved"})

    async def held_data(api: Api) -> dict[str, Any]:
        events = (await api.get(f"/orders/{order_id}/events")).json()["items"]
        return next(dict(event["data"]) for event in events if event["type"] == "order.held")

    # then
    assert await held_data(staff) == {"code": "ADDRESS", "reason": "Zhang San has moved"}
    assert await held_data(viewer) == {"code": "ADDRESS", "reason": "***"}

    # when
    erase(sessions, [customer_of(sessions)], "lin")

    # then
    assert await held_data(staff) == await held_data(viewer) == {"code": "ADDRESS"}


async def test_words_in_facts_of_0_1_0_are_hidden_once_the_person_is_erased(
    staff: Api, viewer: Api, sessions: Sessions
) -> None:
    # given a fact that 0.1.0 wrote, before words were set apart
    order_id = place_order(sessions)
    do(sessions, "ALTER TABLE order_events DISABLE TRIGGER words_apart")
    with sessions.begin() as session:
        session.execute(text("UPDATE orders SET status = 'completed'"))
        append_fact(session, order_id, "order.held", "held", {"code": "ADDRESS", "reason": "Zhang San has moved"})
    do(sessions, "ALTER TABLE order_events ENABLE TRIGGER words_apart")

    async def shown(api: Api) -> str:
        return (await api.get(f"/orders/{order_id}/events")).text

    assert ("Zhang San" in await shown(staff), "Zhang San" in await shown(viewer)) == (True, False)

    erase(sessions, [customer_of(sessions)], "lin")

    assert "Zhang San" not in await shown(staff)


def customer_of(sessions: Sessions) -> str:
    with sessions() as session:
        return str(session.scalar(text("SELECT customer_id FROM orders")))
