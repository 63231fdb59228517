"""`baton verify` finds nothing wrong in a record that the steps wrote, and names every row that was tampered with."""

import pytest
from sqlalchemy import CheckConstraint, text

from commands.verify import verify
from commands.verify_checks import CHECKS
from domain.tenders import credit_id
from models.base import Base
from models.database import Sessions
from record.people.erasing import erase

LAMPS = "sku = 'ELEGANT-LAMP' AND location_id = 'SHANGHAI'"
RULES = [rule for rule in Base.metadata.tables["stock"].constraints if isinstance(rule, CheckConstraint)]
NO_MORE_RULES = "".join(f"ALTER TABLE stock DROP CONSTRAINT {rule.name};" for rule in RULES)
RULES_AGAIN = "".join(
    f"ALTER TABLE stock ADD CONSTRAINT {rule.name} CHECK ({rule.sqltext}) NOT VALID;" for rule in RULES
)
LATER = "received_at = now() - interval '1 hour'"
# What somebody does to the record, the check that finds it, and the row that it names.
TAMPERING = {
    "a payment that was not booked": (
        "UPDATE money_movements SET amount_minor = 1999 WHERE key = 'RESERVED:captured'",
        "every captured payment that the gateway reported is booked",
        "PAID-RESERVED",
    ),
    "a payment booked for two orders": (
        "UPDATE money_movements SET gateway_reference = 'CANCELED' WHERE key = 'RETURNED:captured'",
        "no payment pays for two orders",
        "CANCELED",
    ),
    "a text that was sent again": (
        "UPDATE messages SET digest = 'the-same' WHERE order_id = 'RETURNED' AND recipient = 'inbox'",
        "no customer was sent the same text of an order twice",
        "RETURNED the-same",
    ),
    "a parcel that was shipped before it was ordered": (
        "UPDATE channel_uploads SET happened_at = (SELECT placed_at FROM orders WHERE order_id = 'RETURNED')",
        "uploads of an order's parcels are in the order of their times",
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
    "more units promised than on hand": (
        f"{NO_MORE_RULES} UPDATE stock SET on_hand = 0 WHERE {LAMPS}; {RULES_AGAIN}",
        "nothing is oversold or below zero",
        "ELEGANT-LAMP/SHANGHAI",
    ),
    "a quota with more units than orders claimed": (
        "UPDATE channel_quotas SET claimed = claimed + 1",
        "claimed quotas equal the claims of orders",
        "web ELEGANT-LAMP 1",
    ),
    "half a transfer": (
        "DELETE FROM stock_movements WHERE kind = 'transferred' AND quantity > 0",
        "no transfer loses or creates units",
        "ELEGANT-LAMP transfer T-1: Guangzhou runs low",
    ),
    "an allocation of a fulfillment order that was canceled": (
        "UPDATE fulfillment_orders SET status = 'canceled' WHERE fulfillment_order_id = 'ALLOCATED-1'",
        "every allocation is owned by an open fulfillment order",
        "ALLOCATED-1 ELEGANT-LAMP",
    ),
    "an allocation of shipped goods": (
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
    "a return that kept less than its fees": (
        "UPDATE returns SET fees = '{\"restocking\": 100}' WHERE return_id = 'RETURNED-R-7'",
        "what is kept of an order's money is the value that did not come back",
        "RETURNED",
    ),
    "a canceled order whose money was kept": (
        "DELETE FROM money_movements WHERE key = 'CANCELED:refunded'",
        "undone orders gave all money back, or a person was called",
        "CANCELED",
    ),
    "a charge that nobody can pay": (
        "UPDATE orders SET charge_minor = 4500 WHERE order_id = 'RESERVED'",
        "what edits charge is what open payment links are for",
        "RESERVED",
    ),
    "a link that is paid without money": (
        "INSERT INTO payment_links (reference, order_id, amount_minor, currency, state)"
        " VALUES ('RESERVED-E-1', 'RESERVED', 4500, 'CNY', 'paid')",
        "every paid link has its money",
        "RESERVED-E-1",
    ),
    "a part of a shared payment that is more than all of it": (
        "INSERT INTO payments (reference, order_id, shared_minor) VALUES ('BOTH', 'RESERVED', 100);"
        " INSERT INTO payment_parts (reference, order_id, amount_minor) VALUES ('BOTH', 'RESERVED', 101)",
        "no order has more of a shared payment than its part, and the parts are no more than all",
        "BOTH RESERVED",
    ),
    "tenders that nobody named": (
        "UPDATE orders SET tendered_minor = 100 WHERE order_id = 'RESERVED'",
        "what tenders pay of an order's price is the sum of its tenders",
        "RESERVED",
    ),
    "a tender that gave back more than it paid": (
        "INSERT INTO money_movements (order_id, kind, amount_minor, currency, gateway_reference, key)"
        " VALUES ('RETURNED', 'captured', 5, 'CNY', 'POINTS', 'RETURNED:captured@POINTS'),"
        " ('RETURNED', 'refunded', 6, 'CNY', 'POINTS', 'RETURNED:more@POINTS')",
        "no payment paid back more than it paid",
        "RETURNED CNY POINTS",
    ),
    "cash that a carrier has collected and nobody booked": (
        "INSERT INTO cash_collections (shipment_id, order_id, units, amount_minor, currency, state)"
        " VALUES ('RESERVED-1-S1', 'RESERVED', '{}', 100, 'CNY', 'collected')",
        "what carriers have collected is captured, and nothing else of it",
        "RESERVED-1-S1",
    ),
    "cash that is collected twice": (
        "INSERT INTO cash_collections (shipment_id, order_id, units, amount_minor, currency, state)"
        " SELECT 'TWICE-' || n, 'RESERVED', '{}', grand_total_minor, 'CNY', 'collected'"
        " FROM orders, generate_series(1, 2) AS n WHERE order_id = 'RESERVED'",
        "no more is collected at the door than an order costs, or a person was called",
        "RESERVED",
    ),
    "a balance that lost money": (
        "UPDATE store_credits SET spent_minor = 7 WHERE code = 'SC-1'",
        "what is spent of every balance is the sum of its movements",
        credit_id("SC-1"),
    ),
    "a balance that an order took from without money": (
        "UPDATE store_credits SET spent_minor = 7 WHERE code = 'SC-1';"
        " INSERT INTO store_credit_movements (credit_id, order_id, kind, amount_minor, key)"
        " SELECT credit_id, 'RESERVED', 'spent', 7, 'RESERVED:captured@SC' FROM store_credits",
        "what orders take from balances is captured for them, and the other way round",
        "RESERVED:captured@SC",
    ),
    "cash that a carrier has remitted and nobody booked": (
        "INSERT INTO remittances (remittance_id, carrier, currency, request_hash, lines, total_minor, differences,"
        " actor) VALUES ('SF:1', 'SF', 'CNY', '', 2, 600,"
        """ '[{"kind": "unknown_here", "waybill": "W", "ours": "", "theirs": "5.00 CNY"}]', 'sun')""",
        "what carriers have remitted is booked parcel by parcel, or a difference",
        "SF:1",
    ),
    "cash that is remitted by nobody": (
        "INSERT INTO cash_collections (shipment_id, order_id, units, amount_minor, currency, state, remitted_minor)"
        " VALUES ('RETURNED-1-S1', 'RETURNED', '{}', 100, 'CNY', 'remitted', 100)",
        "what carriers have remitted is booked parcel by parcel, or a difference",
        "RETURNED-1-S1",
    ),
    "a return that paid less than it says": (
        "UPDATE money_movements SET amount_minor = 999 WHERE key = 'RETURNED:refunded'",
        "every return case paid back what it says",
        "RETURNED-R-7",
    ),
    "a refund that a person pays and nothing is set aside for": (
        "INSERT INTO refund_tasks (key, order_id, amount_minor, currency, why, due_at)"
        " VALUES ('RESERVED:refund', 'RESERVED', 100, 'CNY', 'terms', now())",
        "every refund that a person pays is set aside until it is booked",
        "1",
    ),
    "an invoice that nobody paid and that is settled": (
        "INSERT INTO invoices (invoice_id, order_id, customer_id, currency, units, amount_minor, settled_minor, due_at)"
        " VALUES ('RESERVED-1', 'RESERVED', 'LIN', 'CNY', '{}', 100, 50, now())",
        "what was paid of invoices is captured, and nothing else of them",
        "RESERVED-1",
    ),
    "a capture beyond what was reserved": (
        "INSERT INTO authorizations (order_id, reference, amount_minor, currency, capture)"
        " VALUES ('RESERVED', 'RESERVED', 1, 'CNY', 'shipment')",
        "no more is captured than was reserved",
        "RESERVED",
    ),
    "a parcel that left without a capture": (
        "INSERT INTO authorizations (order_id, reference, amount_minor, currency, capture, closed_at)"
        " VALUES ('RETURNED', 'RETURNED', 9000, 'CNY', 'shipment', now());"
        " UPDATE orders SET attention = NULL WHERE order_id = 'RETURNED';"
        " UPDATE fulfillment_orders SET shipped_at = now() WHERE order_id = 'RETURNED'",
        "what has left is captured where money is reserved, or a person was called",
        "RETURNED-1",
    ),
    "a capture that is not booked": (
        "INSERT INTO authorizations (order_id, reference, amount_minor, currency, capture)"
        " VALUES ('RESERVED', 'RESERVED', 9000, 'CNY', 'order');"
        " INSERT INTO captures (subject, order_id, units, value_minor, asked_minor, attempt, state)"
        " VALUES ('RESERVED:whole', 'RESERVED', '{}', 9000, 9000, 1, 'captured')",
        "every capture that was asked for is booked",
        "RESERVED",
    ),
    "money that stays reserved after the end": (
        "INSERT INTO authorizations (order_id, reference, amount_minor, currency, capture)"
        " VALUES ('CANCELED', 'CANCELED', 9000, 'CNY', 'shipment');"
        " UPDATE orders SET ended_at = now() - interval '2 hours', attention = NULL WHERE order_id = 'CANCELED'",
        "what is reserved and not captured is given back after the end",
        "CANCELED",
    ),
    "a refund that nobody has answered": (
        "INSERT INTO asked_refunds (key, link, order_id, amount_minor, currency, asked_at)"
        " VALUES ('RESERVED:refund:1', 'CARD-2', 'RESERVED', 1, 'CNY', now() - interval '25 hours')",
        "every refund that was asked for has its answer within a day",
        "RESERVED:refund:1@CARD-2",
    ),
    "a dispute whose money is not set aside": (
        "INSERT INTO disputes (dispute_id, order_id, payment_reference, amount_minor, taken_minor, currency,"
        " reason_code, stage) VALUES ('payments:DP-1', 'RESERVED', 'P', 100, 100, 'CNY', '', 'chargeback')",
        "money in dispute is set aside, booked when it is lost and free when it is won",
        "payments:DP-1",
    ),
    "a store credit worth more than was given": (
        "UPDATE store_credits SET amount_minor = 101 WHERE code = 'SC-1'",
        "every store credit has its movement of money, and the other way round",
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
    "an erased person in an order": (
        "UPDATE orders SET customer_id = 'erased-1', remarks = 'call her' WHERE order_id = 'CANCELED'",
        "no order and no payload names an erased person",
        "CANCELED",
    ),
    "a customer without a message about the end": (
        "DELETE FROM messages WHERE message_id = 'CANCELED:canceled:inbox'",
        "every recipient has a message about an order's end",
        "CANCELED",
    ),
    "a fact that was slipped in": (
        "INSERT INTO order_events (event_id, order_id, type, key, actor, data, at) OVERRIDING SYSTEM VALUE"
        " VALUES (999999, 'CANCELED', 'order.completed', 'slipped', 'nobody', '{}', now() - interval '1 hour')",
        "every fact in the log of an order is sealed",
        "CANCELED 999999",
    ),
    "words that were removed from beside the log": (
        "INSERT INTO order_events (event_id, order_id, type, key, actor, data) OVERRIDING SYSTEM VALUE"
        " VALUES (999998, 'CANCELED', 'order.noted', 'noted', 'lin', '{\"note\": \"call first\"}');"
        " DELETE FROM event_words WHERE event_id = 999998",
        "the words of a fact are unchanged, or erased with the person",
        "CANCELED 999998",
    ),
    "a message that overtook an earlier one": (
        "INSERT INTO messages (message_id, sequence, order_id, recipient, milestone, data) OVERRIDING SYSTEM VALUE"
        " VALUES ('CANCELED:received:inbox', -1, 'CANCELED', 'inbox', 'received', '{}');"
        " UPDATE messages SET sent_at = now() - interval '1 hour' WHERE message_id = 'CANCELED:canceled:inbox'",
        "no recipient got an order's milestone before an earlier one",
        "CANCELED:canceled:inbox",
    ),
    "units that no parcel of the channel holds": (
        "UPDATE order_lines SET elsewhere = 1 WHERE order_id = 'RESERVED' AND line_no = 1",
        "units fulfilled elsewhere are in a parcel of the channel",
        "RESERVED 1",
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


def test_a_record_that_the_steps_wrote_is_clean(record: Sessions) -> None:
    # when the record is verified
    report = verify(record)

    # then nothing is wrong, and every check but these had rows to check
    assert report.clean, [result.line.plain for result in report.results if result.wrong]
    idle = [result.name for result in report.results if not result.checked]
    assert idle == [
        "nothing holds a canceled, rejected or expired order",
        "no order has more of a shared payment than its part, and the parts are no more than all",
        "what edits charge is what open payment links are for",
        "what tenders pay of an order's price is the sum of its tenders",
        "no payment paid back more than it paid",
        "every paid link has its money",
        "what was paid of invoices is captured, and nothing else of them",
        "every refund that a person pays is set aside until it is booked",
        "every refund that was asked for has its answer within a day",
        "money in dispute is set aside, booked when it is lost and free when it is won",
        "what is spent of every balance is the sum of its movements",
        "what orders take from balances is captured for them, and the other way round",
        "what carriers have collected is captured, and nothing else of it",
        "what carriers have remitted is booked parcel by parcel, or a difference",
        "no more is collected at the door than an order costs, or a person was called",
        "no more is captured than was reserved",
        "what has left is captured where money is reserved, or a person was called",
        "every capture that was asked for is booked",
        "what is reserved and not captured is given back after the end",
        "units fulfilled elsewhere are in a parcel of the channel",
        "no order and no payload names an erased person",
    ]


def test_erasing_one_of_two_orders_that_share_a_parcel_leaves_the_record_clean(record: Sessions) -> None:
    # given an order under way that shares a parcel with one that has ended
    tamper(record, "UPDATE fulfillment_orders SET shipment_id = 'RETURNED-1-S1' WHERE order_id = 'ALLOCATED'")
    tamper(record, "UPDATE messages SET sent_at = now()")

    # when their customer is erased
    done = erase(record, ["C-1"], "lin")
    report = verify(record)

    # then only the ended order is erased, and nothing is wrong
    assert "ALLOCATED" in done.under_way
    assert "RETURNED" not in done.under_way
    assert report.clean, [result.line.plain for result in report.results if result.wrong]


def test_an_empty_record_is_clean(sessions: Sessions) -> None:
    assert verify(sessions).clean


@pytest.mark.parametrize("what", TAMPERING)
def test_tampering_is_found_and_named(record: Sessions, what: str) -> None:
    # given a record that was changed behind the back of the steps
    statement, check, row = TAMPERING[what]
    tamper(record, statement)

    # when it is verified
    report = verify(record)

    # then the check says so and names the row
    wrong = {result.name: result.first for result in report.results if result.wrong}
    assert row in wrong.get(check, ()), wrong


def test_every_check_finds_some_tampering() -> None:
    assert {check.name for check in CHECKS} == {check for _, check, _ in TAMPERING.values()}


def test_a_new_order_waits_for_its_workflow(record: Sessions) -> None:
    # given an order that the relay has not started yet
    tamper(record, "UPDATE orders SET workflow_started_at = NULL WHERE order_id = 'RESERVED'")

    # when the record is verified
    report = verify(record)

    # then it counts as waiting, not as wrong
    result = next(result for result in report.results if result.name == "every order has a workflow or an end")
    assert (report.clean, result.waiting) == (True, 1)


def test_unsent_messages_count_as_waiting(record: Sessions) -> None:
    report = verify(record)

    messages = report.results[-1]
    assert (messages.waiting, messages.wrong) == (messages.checked, 0)


def test_messages_sent_in_their_order_are_right(record: Sessions) -> None:
    # given messages that were each sent an hour after the one before
    tamper(record, "UPDATE messages SET sent_at = now() - interval '1 day' + sequence * interval '1 hour'")

    # then nothing is wrong
    assert verify(record).clean


def test_money_kept_of_a_canceled_order_is_right_if_a_person_was_called(record: Sessions) -> None:
    # given a refund that the gateway refused, so that a person was called
    tamper(record, "DELETE FROM money_movements WHERE key = 'CANCELED:refunded'")
    tamper(record, "UPDATE orders SET attention = 'the gateway refuses the refund' WHERE order_id = 'CANCELED'")

    # then nothing is wrong
    assert verify(record).clean


def test_the_first_wrong_rows_are_named_and_all_are_counted(record: Sessions) -> None:
    # given one unit too many in every row of stock
    tamper(record, "UPDATE stock SET on_hand = on_hand + 1")

    # when it is verified
    result = verify(record).results[0]

    # then five are named
    assert (result.wrong > 5, len(result.first)) == (True, 5)
    assert result.line.plain.endswith(f"and {result.wrong - 5} more")
