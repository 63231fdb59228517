"""`baton verify` says nothing about a record that the steps wrote, and names whatever somebody did to it."""

import pytest
from sqlalchemy import CheckConstraint, text

from commands.verify import verify
from commands.verify_checks import CHECKS
from models.base import Base
from models.database import Sessions
from record.people.erasing import erase

# What somebody does to the record, which check finds it, and which row it names.
LAMPS = "sku = 'ELEGANT-LAMP' AND location_id = 'SHANGHAI'"
RULES = [rule for rule in Base.metadata.tables["stock"].constraints if isinstance(rule, CheckConstraint)]
NO_MORE_RULES = "".join(f"ALTER TABLE stock DROP CONSTRAINT {rule.name};" for rule in RULES)
RULES_AGAIN = "".join(
    f"ALTER TABLE stock ADD CONSTRAINT {rule.name} CHECK ({rule.sqltext}) NOT VALID;" for rule in RULES
)
LATER = "received_at = now() - interval '1 hour'"
TAMPERING = {
    "money that came and was not booked": (
        "UPDATE money_movements SET amount_minor = 1999 WHERE key = 'RESERVED:captured'",
        "every captured payment that the gateway told of is booked",
        "PAID-RESERVED",
    ),
    "a payment in the books of two orders": (
        "UPDATE money_movements SET gateway_reference = 'CANCELED' WHERE key = 'RETURNED:captured'",
        "no payment pays for two orders",
        "CANCELED",
    ),
    "a text that was sent again": (
        "UPDATE messages SET digest = 'the-same' WHERE order_id = 'RETURNED' AND recipient = 'inbox'",
        "no customer was told the same of an order twice",
        "RETURNED the-same",
    ),
    "a parcel that left before it was ordered": (
        "UPDATE channel_uploads SET happened_at = (SELECT placed_at FROM orders WHERE order_id = 'RETURNED')",
        "platforms are told of parcels in the order of the clock",
        "RETURNED 1",
    ),
    "a unit on hand that no movement explains": (
        f"UPDATE stock SET on_hand = on_hand + 1 WHERE {LAMPS}",
        "stock counters equal the sums of the ledger",
        "ELEGANT-LAMP/SHANGHAI on_hand",
    ),
    "a movement that was removed": (
        "DELETE FROM stock_movements WHERE kind = 'quarantined' AND quantity = 1",
        "stock counters equal the sums of the ledger",
        "ELEGANT-LAMP/SHANGHAI quarantined",
    ),
    "a reservation that was removed": (
        "DELETE FROM reservations WHERE order_id = 'RESERVED'",
        "reserved units equal the reservations",
        "ELEGANT-LAMP/SHANGHAI",
    ),
    "an allocation that was forgotten": (
        "UPDATE fulfillment_lines SET allocated = 1 WHERE fulfillment_order_id = 'ALLOCATED-1'",
        "allocated units equal those of the fulfillment orders",
        "ELEGANT-LAMP/SHANGHAI",
    ),
    "goods in transit that nobody has bought": (
        f"UPDATE stock SET in_transit = 3 WHERE {LAMPS}",
        "units in transit equal the open lines of purchase orders",
        "ELEGANT-LAMP/SHANGHAI",
    ),
    "more promised than there is": (
        f"{NO_MORE_RULES} UPDATE stock SET on_hand = 0 WHERE {LAMPS}; {RULES_AGAIN}",
        "nothing is oversold or below zero",
        "ELEGANT-LAMP/SHANGHAI",
    ),
    "a quota of which more is used up than orders claimed": (
        "UPDATE channel_quotas SET claimed = claimed + 1",
        "quotas are used up by the claims of orders",
        "web ELEGANT-LAMP 1",
    ),
    "a transfer of which one half was removed": (
        "DELETE FROM stock_movements WHERE kind = 'transferred' AND quantity > 0",
        "no transfer loses or makes goods",
        "ELEGANT-LAMP transfer T-1: Guangzhou runs low",
    ),
    "an allocation of a fulfillment order that was canceled": (
        "UPDATE fulfillment_orders SET status = 'canceled' WHERE fulfillment_order_id = 'ALLOCATED-1'",
        "every allocation is owned by an open fulfillment order",
        "ALLOCATED-1 ELEGANT-LAMP",
    ),
    "an allocation of goods that have left": (
        "UPDATE fulfillment_orders SET status = 'shipped' WHERE fulfillment_order_id = 'ALLOCATED-1'",
        "every allocation is owned by an open fulfillment order",
        "ALLOCATED-1 ELEGANT-LAMP",
    ),
    "a reservation of an order that ended": (
        "UPDATE orders SET status = 'expired', ended_at = now() WHERE order_id = 'RESERVED'",
        "no ended order reserves stock",
        "RESERVED ELEGANT-LAMP",
    ),
    "an order that nobody ever started": (
        f"UPDATE orders SET workflow_started_at = NULL, {LATER} WHERE order_id = 'RESERVED'",
        "every order has a workflow or an end",
        "RESERVED",
    ),
    "an ended order without an ending time": (
        "UPDATE orders SET ended_at = NULL WHERE order_id = 'CANCELED'",
        "an order has an ending time when it has ended, and only then",
        "CANCELED",
    ),
    "a hold on a canceled order": (
        "INSERT INTO holds (order_id, code, reason, owner_role) VALUES ('CANCELED', 'ADDRESS', 'no street', 'staff')",
        "nothing holds a canceled, rejected or expired order",
        "CANCELED ADDRESS",
    ),
    "a refund of more than was paid": (
        "UPDATE money_movements SET amount_minor = 2001 WHERE key = 'CANCELED:refunded'",
        "no order was refunded more than was captured",
        "CANCELED CNY",
    ),
    "a return of which less was kept than its fees": (
        "UPDATE returns SET fees = '{\"restocking\": 100}' WHERE return_id = 'RETURNED-R-7'",
        "what is kept of an order's money is the value that did not come back",
        "RETURNED",
    ),
    "a canceled order whose money was kept": (
        "DELETE FROM money_movements WHERE key = 'CANCELED:refunded'",
        "undone orders gave all money back, or a person was called",
        "CANCELED",
    ),
    "a return that paid less than it says": (
        "UPDATE money_movements SET amount_minor = 999 WHERE key = 'RETURNED:refunded'",
        "every return case paid back what it says",
        "RETURNED-R-7",
    ),
    "a store credit that is worth more than was given": (
        "UPDATE store_credits SET amount_minor = 101 WHERE code = 'SC-1'",
        "every store credit is money that moved, and the other way round",
        "SC-1",
    ),
    "more units back than were shipped": (
        "UPDATE returned_goods SET quantity = 3 WHERE return_id = 'RETURNED-R-7'",
        "no more units came back than were shipped",
        "RETURNED ELEGANT-LAMP",
    ),
    "a parcel for two buyers": (
        "UPDATE orders SET customer_id = 'ANOTHER' WHERE order_id = 'ALLOCATED';"
        " UPDATE fulfillment_orders SET shipment_id = 'RETURNED-1-S1' WHERE fulfillment_order_id = 'ALLOCATED-1'",
        "orders that share a parcel have one buyer and one place",
        "RETURNED-1-S1",
    ),
    "a person who came back after the erasure": (
        "UPDATE orders SET customer_id = 'erased-1', remarks = 'call her' WHERE order_id = 'CANCELED'",
        "who was erased is in no order and no payload",
        "CANCELED",
    ),
    "a customer who is never told": (
        "DELETE FROM messages WHERE message_id = 'CANCELED:canceled:inbox'",
        "everybody is to be told how an order ended",
        "CANCELED",
    ),
    "a fact that was slipped in": (
        "INSERT INTO order_events (event_id, order_id, type, key, actor, data, at) OVERRIDING SYSTEM VALUE"
        " VALUES (999999, 'CANCELED', 'order.completed', 'slipped', 'nobody', '{}', now() - interval '1 hour')",
        "every fact in the log of an order is sealed",
        "CANCELED 999999",
    ),
    "words that were taken from beside the log": (
        "INSERT INTO order_events (event_id, order_id, type, key, actor, data) OVERRIDING SYSTEM VALUE"
        " VALUES (999998, 'CANCELED', 'order.noted', 'noted', 'lin', '{\"note\": \"call first\"}');"
        " DELETE FROM event_words WHERE event_id = 999998",
        "what was said with a fact is as it was said, or erased with its person",
        "CANCELED 999998",
    ),
    "a message that overtook an earlier one": (
        "INSERT INTO messages (message_id, sequence, order_id, recipient, milestone, data) OVERRIDING SYSTEM VALUE"
        " VALUES ('CANCELED:received:inbox', -1, 'CANCELED', 'inbox', 'received', '{}');"
        " UPDATE messages SET sent_at = now() - interval '1 hour' WHERE message_id = 'CANCELED:canceled:inbox'",
        "nobody heard of an order's milestone before an earlier one",
        "CANCELED:canceled:inbox",
    ),
    "a message both sent and given up": (
        "UPDATE messages SET sent_at = now(), parked_at = now() WHERE message_id = 'CANCELED:canceled:inbox'",
        "messages of ended orders are sent, parked or waiting",
        "CANCELED:canceled:inbox",
    ),
}


def tamper(record: Sessions, statement: str) -> None:
    with record.begin() as session:
        session.execute(text(statement))


def test_what_the_steps_wrote_is_whole(record: Sessions) -> None:
    # when the record is verified
    report = verify(record)

    # then nothing is wrong, and every check had something to look at that could have been
    assert report.clean, [result.line.plain for result in report.results if result.wrong]
    idle = [result.name for result in report.results if not result.checked]
    assert idle == [
        "nothing holds a canceled, rejected or expired order",
        "who was erased is in no order and no payload",
    ]


def test_a_record_stays_whole_while_of_two_orders_in_a_parcel_one_is_erased(record: Sessions) -> None:
    # given an order under way in the parcel of one that has ended
    tamper(record, "UPDATE fulfillment_orders SET shipment_id = 'RETURNED-1-S1' WHERE order_id = 'ALLOCATED'")
    tamper(record, "UPDATE messages SET sent_at = now()")

    # when
    done = erase(record, ["C-1"], "lin")
    report = verify(record)

    # then
    assert "ALLOCATED" in done.under_way
    assert "RETURNED" not in done.under_way
    assert report.clean, [result.line.plain for result in report.results if result.wrong]


def test_an_empty_record_is_whole(sessions: Sessions) -> None:
    assert verify(sessions).clean


@pytest.mark.parametrize("deed", TAMPERING)
def test_tampering_is_found_and_named(record: Sessions, deed: str) -> None:
    # given a record that somebody changed behind the back of the steps
    statement, check, row = TAMPERING[deed]
    tamper(record, statement)

    # when it is verified
    report = verify(record)

    # then the check says so and names the row
    wrong = {result.name: result.first for result in report.results if result.wrong}
    assert row in wrong.get(check, ()), wrong


def test_every_check_has_a_tampering_that_it_finds() -> None:
    assert {check.name for check in CHECKS} == {check for _, check, _ in TAMPERING.values()}


def test_an_order_that_has_just_come_waits_for_its_workflow(record: Sessions) -> None:
    # given an order that the relay has not started yet
    tamper(record, "UPDATE orders SET workflow_started_at = NULL WHERE order_id = 'RESERVED'")

    # when the record is verified
    report = verify(record)

    # then that is no fault, but it is said
    result = next(result for result in report.results if result.name == "every order has a workflow or an end")
    assert (report.clean, result.waiting) == (True, 1)


def test_messages_that_are_still_to_be_sent_are_counted(record: Sessions) -> None:
    report = verify(record)

    messages = report.results[-1]
    assert (messages.waiting, messages.wrong) == (messages.checked, 0)


def test_messages_that_were_heard_in_their_order_long_ago_are_no_fault(record: Sessions) -> None:
    # given messages of which each was taken an hour after the one before it
    tamper(record, "UPDATE messages SET sent_at = now() - interval '1 day' + sequence * interval '1 hour'")

    # then the record is whole
    assert verify(record).clean


def test_money_of_a_canceled_order_that_a_person_was_called_for_is_no_fault(record: Sessions) -> None:
    # given a refund that the gateway refused, so that a person was called
    tamper(record, "DELETE FROM money_movements WHERE key = 'CANCELED:refunded'")
    tamper(record, "UPDATE orders SET attention = 'the gateway refuses the refund' WHERE order_id = 'CANCELED'")

    # then the record is whole
    assert verify(record).clean


def test_only_the_first_few_wrong_rows_are_named_and_all_are_counted(record: Sessions) -> None:
    # given a unit too many everywhere
    tamper(record, "UPDATE stock SET on_hand = on_hand + 1")

    # when it is verified
    result = verify(record).results[0]

    # then a line fits the screen
    assert (result.wrong > 5, len(result.first)) == (True, 5)
    assert result.line.plain.endswith(f"and {result.wrong - 5} more")
