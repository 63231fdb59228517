"""A person is erased, and their orders stay."""

import json
from dataclasses import replace

import pytest
from sqlalchemy import text

from domain.money import Money
from domain.order import Address
from models.database import Sessions
from record.people.erasing import Erased, erase, erase_due
from record.people.finding import orders_of
from record.people.kept import kept_of
from record.returns.store_credits import IssuedCredit, issue
from tests.factories import an_order, events_of, place_order, place_orders
from tests.planted import BUYER, NAMED, find_names, plant


def do(sessions: Sessions, statement: str, **values: object) -> None:
    with sessions.begin() as session:
        session.execute(text(statement), values)


def to(**where: str) -> Address:
    return replace(an_order().ship_to, **where)


def test_nothing_names_an_erased_person_and_their_orders_still_count(sessions: Sessions) -> None:
    # given two orders of a person who is named everywhere, and one of somebody else
    orders = sorted([plant(sessions), plant(sessions, "canceled")])
    place_orders(sessions, [an_order(customer_id="SOMEBODY-ELSE", ship_to=Address("CN"))])
    assert find_names(sessions) == list(NAMED)

    # when
    done = erase(sessions, [BUYER], "lin")

    # then
    assert find_names(sessions) == []
    with sessions() as session:
        owned = text("SELECT order_id, instructions FROM orders WHERE customer_id = :owner ORDER BY order_id")
        rows = session.execute(owned, {"owner": done.pseudonym}).all()
    assert [tuple(row) for row in rows] == [(order_id, {"urgent": True}) for order_id in orders]
    assert "person.erased" in events_of(sessions, orders[0])


@pytest.mark.parametrize("what", ["invoices SET settled_minor = 0,", "credit_claims SET"])
def test_who_buys_on_credit_is_erased_when_all_is_paid_and_their_limit_with_the_last_order(
    sessions: Sessions, what: str
) -> None:
    # given an order whose invoice is open, or still to come, and one that owes nothing
    owing, other = plant(sessions), plant(sessions)
    do(sessions, f"UPDATE {what} closed_at = NULL WHERE order_id = :order", order=owing)

    # when
    done = erase(sessions, [BUYER], "lin")

    # then
    assert done.under_way == [owing]
    with sessions() as session:
        owners = {row.order_id: row.customer_id for row in session.execute(text("SELECT * FROM invoices"))}
        assert owners == {owing: BUYER, other: done.pseudonym}
        assert session.scalars(text("SELECT customer_id FROM credit_accounts")).all() == [BUYER]

    # when
    do(sessions, "UPDATE invoices SET closed_at = now(), settled_minor = amount_minor")
    do(sessions, "UPDATE credit_claims SET closed_at = now()")

    # then
    assert erase_due(sessions) == 1
    assert find_names(sessions) == []


def test_a_credit_that_staff_gave_a_person_goes_with_them(sessions: Sessions) -> None:
    # given a credit of no order, and one of somebody else
    order_id = plant(sessions)
    with sessions.begin() as session:
        for number, owner in enumerate((BUYER, "SOMEBODY-ELSE")):
            wanted = IssuedCredit(f"GIVEN-{number}", "store_credit", owner, Money(1_00, "CNY"), "lin")
            issue(session, wanted)
    with sessions() as session:
        assert len(kept_of(session, [order_id])["store_credits"]) == 2

    # when
    erase(sessions, [BUYER], "lin")

    # then
    assert find_names(sessions) == []
    with sessions() as session:
        left = text("SELECT count(*) FROM store_credits WHERE customer_id = 'SOMEBODY-ELSE'")
        assert session.scalar(left) == 1


def test_a_person_may_read_all_that_erasing_removes(sessions: Sessions) -> None:
    order_id = plant(sessions)

    with sessions() as session:
        kept = json.dumps(kept_of(session, [order_id]), default=str)

    # A subscriber's answer is not our data about a person, and a merge key is a hash.
    assert [name for name in NAMED if name not in kept] == ["Meilin", "Shanshan"]


@pytest.mark.parametrize(
    "name",
    [
        *("OAID-7", "TOKEN-7", "tang@letters.EXAMPLE"),
        *("+8613955507421", "+86 139 5550 7421", "13955507421", "139-5550-7421"),
    ],
)
def test_a_person_is_found_by_token_email_or_phone_in_any_form(sessions: Sessions, name: str) -> None:
    order_id = plant(sessions)

    with sessions() as session:
        assert orders_of(session, [name]) == [order_id]


@pytest.mark.parametrize("name", ["", " ", "5507421", "+13955507421", "+8613055507421", "letters.example"])
def test_a_similar_name_or_number_finds_nobody(sessions: Sessions, name: str) -> None:
    # given orders of which one has neither token nor phone
    plant(sessions)
    place_order(sessions, customer_id="GUEST", ship_to=to(phone="", email=""))

    with sessions() as session:
        assert orders_of(session, [name]) == []


def test_a_person_of_several_channels_is_erased_at_once(sessions: Sessions) -> None:
    # given orders under two customer ids, and a guest's of the same phone
    at_tmall = place_order(sessions, customer_id="T-1", ship_to=to(phone=""))
    at_shop = place_order(sessions, customer_id="S-1", ship_to=to(phone="13955507421"))
    as_guest = place_order(sessions, customer_id="guest-5", ship_to=to(phone="+86 139 5550 7421"))
    do(sessions, "UPDATE orders SET status = 'completed'")

    done = erase(sessions, ["T-1", "+8613955507421"], "lin")

    assert done.orders == len({at_tmall, at_shop, as_guest})


def test_a_follow_up_order_belongs_to_the_same_person(sessions: Sessions) -> None:
    # given an exchange whose order goes by another customer id
    order_id = plant(sessions)
    sent = place_order(sessions, customer_id="ANOTHER")
    do(sessions, "UPDATE returns SET follow_up_id = :sent", sent=sent)

    with sessions() as session:
        assert orders_of(session, [BUYER]) == sorted([order_id, sent])


def test_an_order_under_way_is_listed_and_erased_after_it_ends(sessions: Sessions) -> None:
    # given an order that ended and one that is picked
    plant(sessions)
    under_way = plant(sessions, "in_progress")

    # when
    done = erase(sessions, [BUYER], "lin")

    # then the ended order is erased, and the other keeps what it needs
    assert (done.orders, done.under_way, erase_due(sessions)) == (1, [under_way], 0)
    assert "Xiadan" in find_names(sessions)

    # when it has arrived
    do(sessions, "UPDATE orders SET status = 'completed' WHERE order_id = :order", order=under_way)

    # then it is erased without another request
    assert (erase_due(sessions), erase_due(sessions)) == (1, 0)
    assert find_names(sessions) == []
    with sessions() as session:
        assert session.scalars(text("SELECT DISTINCT customer_id FROM orders")).all() == [done.pseudonym]


@pytest.mark.parametrize(
    "lasts",
    [
        pytest.param("UPDATE returns SET status = 'received'", id="a return"),
        pytest.param("UPDATE messages SET sent_at = NULL", id="a message"),
    ],
)
def test_an_order_is_not_erased_while_anything_of_it_is_open(sessions: Sessions, lasts: str) -> None:
    order_id = plant(sessions)
    do(sessions, lasts)

    assert erase(sessions, [BUYER], "lin").under_way == [order_id]


def test_a_second_request_while_under_way_changes_nothing(sessions: Sessions) -> None:
    # given
    order_id = plant(sessions, "in_progress")
    first = erase(sessions, [BUYER], "lin")

    # when
    assert erase(sessions, [BUYER], "lin").under_way == [order_id]

    # then
    do(sessions, "UPDATE orders SET status = 'completed'")
    erase_due(sessions)
    with sessions() as session:
        assert session.scalar(text("SELECT customer_id FROM orders")) == first.pseudonym


def test_a_second_request_erases_an_order_that_has_just_ended(sessions: Sessions) -> None:
    # given an order that ended before the next sweep
    order_id = plant(sessions, "in_progress")
    erase(sessions, [BUYER], "lin")
    do(sessions, "UPDATE orders SET status = 'completed'")

    assert erase(sessions, [BUYER], "lin").orders == 1

    assert erase_due(sessions) == 0
    assert events_of(sessions, order_id).count("person.erased") == 1


@pytest.mark.parametrize("name", [BUYER, "OAID-7", "+8613955507421"])
def test_an_erased_person_is_not_found(sessions: Sessions, name: str) -> None:
    plant(sessions)
    erase(sessions, [name], "lin")

    assert erase(sessions, [name], "lin") == Erased()


def test_an_unreadable_payload_with_the_phone_is_emptied_too(sessions: Sessions) -> None:
    # given two that belong to no order
    plant(sessions)
    for name, phone in (("theirs", "139 5550 7421"), ("of somebody", "13755507421")):
        raw = f'{{"phone": "{phone.replace(" ", "")}"}}'
        do(
            sessions,
            """INSERT INTO intakes (intake_id, channel, translator, source, digest, raw, headers, status, kind)
            VALUES (:name, 'tmall', 'taobao', 'webhook', :name, convert_to(:raw, 'UTF8'), '{}', 'rejected', '')""",
            name=name,
            raw=raw,
        )

    # when
    erase(sessions, [BUYER], "lin")

    # then
    with sessions() as session:
        left = session.scalars(text("SELECT intake_id FROM intakes WHERE raw <> '' AND order_id IS NULL")).all()
    assert left == ["of somebody"]
