"""The logs of orders are sealed and days are signed, and every manipulation is found and named."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine, text

from models.database import Sessions
from record import journal
from record.trail.days import Days, NotAKey, inclusion, is_signed, read_key
from record.trail.proving import links, signed_days
from record.trail.sealing import Sealing
from tests.factories import an_order, place_orders

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
STORY = ("order.received", "order.accepted", "fulfillment_order.shipped", "order.completed")
YESTERDAY = datetime.now(UTC).date() - timedelta(days=1)


@pytest.fixture
def orders(sessions: Sessions) -> tuple[str, str]:
    """Two orders with four sealed facts each."""
    first, second = place_orders(sessions, [an_order(), an_order()])
    for event in STORY:
        for order_id in (first, second):
            happen(sessions, order_id, event)
    assert Sealing(sessions).run() == 8
    return first, second


@pytest.fixture
def signed(sessions: Sessions, orders: tuple[str, str]) -> tuple[str, str]:
    """The two orders a day later, when the day of their facts is signed."""
    do(sessions, "UPDATE event_seals SET sealed_at = sealed_at - interval '1 day'")
    days = Days(sessions, KEY)
    assert (days.close(), days.close()) == (1, 0)
    return orders


def happen(sessions: Sessions, order_id: str, event: str) -> None:
    with sessions.begin() as session:
        journal.append_fact(session, order_id, event, event, {"units": 2})


def do(sessions: Sessions, statement: str, **values: object) -> None:
    """Run a statement as a superuser, whom no trigger stops."""
    with sessions.begin() as session:
        session.execute(text("SET LOCAL session_replication_role = replica"))
        session.execute(text(statement), values)


def faults(sessions: Sessions, order_id: str = "") -> list[tuple[str, str]]:
    """Return the faults found in chains, as (event of an order, why)."""
    with sessions() as session:
        names: Mapping[int, str] = {
            row.event_id: f"{row.type} of {row.order_id}"
            for row in session.execute(text("SELECT event_id, type, order_id FROM order_events"))
        }
        found = [link for link in links(session, order_id) if link.fault]
        return [(names.get(link.event_id, f"fact of {link.order_id}"), link.fault) for link in found]


def faults_of_days(sessions: Sessions, key: Ed25519PrivateKey = KEY) -> list[str]:
    with sessions() as session:
        return [fault for day in signed_days(session, key.public_key()) for fault in day.faults]


def test_sealed_chains_have_no_faults_and_one_can_be_checked_alone(sessions: Sessions, orders: tuple[str, str]) -> None:
    assert faults(sessions) == []
    with sessions() as session:
        chain = list(links(session, orders[0]))
    assert [link.position for link in chain] == [1, 2, 3, 4]
    assert [link.fact.type for link in chain if link.fact] == list(STORY)


def test_a_later_fact_continues_the_chain_of_its_order(sessions: Sessions, orders: tuple[str, str]) -> None:
    # given a return, long after the order's other facts were sealed
    happen(sessions, orders[0], "return.requested")

    # when it is sealed
    assert Sealing(sessions).run() == 1

    # then it is the fifth
    with sessions() as session:
        assert [link.position for link in links(session, orders[0])][-1] == 5
    assert faults(sessions) == []


def test_a_fact_of_a_late_transaction_is_sealed(sessions: Sessions, engine: Engine, orders: tuple[str, str]) -> None:
    # given a transaction that took an earlier number and is still open when a later one has committed
    late = sessions()
    journal.append_fact(late, orders[0], "shipment.booked", "late", {})
    late.flush()
    happen(sessions, orders[0], "shipment.voided")

    # when facts are sealed meanwhile and afterwards
    meanwhile = Sealing(sessions).run()
    late.commit()
    late.close()
    Sealing(sessions).run()

    # then none was skipped
    assert meanwhile == 0
    with sessions() as session:
        told = [link.fact.type for link in links(session, orders[0]) if link.fact and link.position]
    assert told[-2:] == ["shipment.booked", "shipment.voided"]
    assert faults(sessions) == []


@pytest.mark.parametrize(
    ("deed", "found", "why"),
    [
        pytest.param(
            "UPDATE order_events SET data = '{\"units\": 1}' WHERE order_id = :order AND type = 'order.accepted'",
            "order.accepted",
            "was changed or moved",
            id="changed",
        ),
        pytest.param(
            "UPDATE order_events SET at = at - interval '1 second' WHERE order_id = :order AND type = 'order.accepted'",
            "order.accepted",
            "was changed or moved",
            id="dated back",
        ),
        pytest.param(
            "DELETE FROM order_events WHERE order_id = :order AND type = 'order.accepted'",
            "fact",
            "was removed",
            id="removed",
        ),
        pytest.param(
            "WITH gone AS (DELETE FROM order_events WHERE order_id = :order AND type = 'order.accepted' RETURNING *)"
            " DELETE FROM event_seals WHERE event_id IN (SELECT event_id FROM gone)",
            "fulfillment_order.shipped",
            "stands at 3 after 1: what was between is gone",
            id="removed with its seal",
        ),
        pytest.param(
            "INSERT INTO order_events (event_id, order_id, type, key, actor, data) OVERRIDING SYSTEM VALUE"
            " SELECT min(event_id) - 1, :order, 'order.canceled', 'added', 'nobody', '{}' FROM order_events",
            "order.canceled",
            "was added",
            id="added",
        ),
    ],
)
def test_a_manipulated_fact_is_found_and_named(
    sessions: Sessions, orders: tuple[str, str], deed: str, found: str, why: str
) -> None:
    # given
    order_id = orders[1]

    # when somebody changes the log directly
    do(sessions, deed, order=order_id)

    # then it is named, and nothing else is
    assert faults(sessions) == [(f"{found} of {order_id}", why)]


def test_two_swapped_facts_are_both_named(sessions: Sessions, orders: tuple[str, str]) -> None:
    # when the order is said to have been completed before it was shipped
    do(
        sessions,
        """UPDATE order_events SET (type, key) = (CASE type WHEN 'order.completed' THEN 'fulfillment_order.shipped'
            ELSE 'order.completed' END, key || ' moved')
        WHERE order_id = :order AND type IN ('fulfillment_order.shipped', 'order.completed')""",
        order=orders[0],
    )

    # then
    assert [why for _, why in faults(sessions)] == ["was changed or moved"] * 2


def test_a_finished_day_is_signed_with_the_state_of_each_order(sessions: Sessions, signed: tuple[str, str]) -> None:
    assert faults_of_days(sessions) == []
    with sessions() as session:
        proof = inclusion(session, signed[0])
    assert proof is not None
    assert (proof.included_in.day, proof.included_in.orders, proof.position) == (YESTERDAY, 2, 4)
    assert is_signed(proof.included_in, proof.signature, KEY.public_key())


def test_days_without_facts_are_signed_too(sessions: Sessions, orders: tuple[str, str]) -> None:
    # given facts of three days ago and nothing since
    do(sessions, "UPDATE event_seals SET sealed_at = sealed_at - interval '3 days'")

    # when days are closed
    days = Days(sessions, KEY)
    closed = sum(iter(days.close, 0))

    # then there is no gap between days
    assert closed == 3
    with sessions() as session:
        told = [(day.day, day.orders) for day in signed_days(session, KEY.public_key())]
    first: date = told[0][0]
    assert told == [(first, 2), (first + timedelta(days=1), 0), (first + timedelta(days=2), 0)]


@pytest.mark.parametrize(
    "deed",
    [
        pytest.param("UPDATE trace_leaves SET position = 3 WHERE order_id = :order", id="a leaf"),
        pytest.param("DELETE FROM trace_leaves WHERE order_id = :order", id="an order left out"),
        pytest.param("UPDATE trace_roots SET signature = sha256(signature) WHERE :order <> ''", id="the signature"),
    ],
)
def test_a_day_that_differs_from_its_signature_is_named(sessions: Sessions, signed: tuple[str, str], deed: str) -> None:
    do(sessions, deed, order=signed[0])

    assert any(str(YESTERDAY) in fault for fault in faults_of_days(sessions))


def test_a_fully_forged_chain_does_not_match_the_signed_day(sessions: Sessions, signed: tuple[str, str]) -> None:
    # given somebody who changes a fact and recomputes all seals
    do(sessions, "UPDATE order_events SET actor = 'nobody' WHERE order_id = :order", order=signed[0])
    do(sessions, "DELETE FROM event_seals")
    do(sessions, "DELETE FROM sealing")
    Sealing(sessions).run()

    # when everything is checked
    chains, days = faults(sessions), faults_of_days(sessions)

    # then the chains are consistent, but one does not match the signed day
    assert chains == []
    assert days == [f"order {signed[0]}: fact 4 is not the one that was signed on {YESTERDAY}"]


def test_another_key_does_not_verify(sessions: Sessions, signed: tuple[str, str]) -> None:
    assert faults_of_days(sessions, Ed25519PrivateKey.generate())


@pytest.mark.parametrize("key", ["", "00ff", "not hexadecimal"])
def test_an_invalid_key_is_refused_by_name(key: str) -> None:
    with pytest.raises(NotAKey, match="BATON_TRACE_KEY"):
        read_key(key)
