"""The messages to each recipient about an order that was delivered and partly returned."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from commands.channels import save_account
from commands.parameters import set_parameter
from domain import milestones
from domain.money import Money
from models.fulfillment import ShipmentRow
from models.messaging import MessageRow
from models.order import OrderRow
from record import journal
from record.people.erasing import erase
from tests.activities.story import Steps
from tests.factories import CHANNEL, LAMP, RECEIVER, TEACUP

Ask = Callable[..., Any]
LONG_AGO = datetime.now(UTC) - timedelta(days=1)


def sent(steps: Steps, ask: Ask, recipient: str) -> dict[str, dict[str, Any]]:
    """Send all messages that wait; return the data that the recipient has of the order, by milestone."""
    steps.tell()
    messages = ask(f"/{recipient}/messages", order_id=steps.order_id)["messages"]
    return {message["milestone"]: message["data"] for message in messages}


def minor(data: dict[str, Any], name: str) -> int:
    return Money.parse(data[name], "CNY").minor_units


def test_the_erp_gets_a_sale_and_a_credit_that_add_up(steps: Steps, ask: Ask) -> None:
    # when
    heard = sent(steps.up_to("end_return"), ask, "erp")

    # then
    sale, credit = heard["delivered"], heard["refunded"]
    assert (sale["amount"], sale["shipping"], sale["adjustment"]) == ("67.97", "8.00", "0.00")
    assert [(line["sku"], line["quantity"], line["amount"]) for line in sale["lines"]] == [
        (LAMP, 2, "39.98"),
        (TEACUP, 1, "19.99"),
    ]
    assert (credit["credit_of"], credit["amount"]) == ("sale", "19.99")
    assert [(line["sku"], line["quantity"]) for line in credit["lines"]] == [(LAMP, 1)]
    assert minor(sale, "amount") - minor(credit, "amount") == 4798


def test_the_erp_gets_shipped_units_their_location_and_the_freight(steps: Steps, ask: Ask) -> None:
    # given
    steps.up_to("record_progress:in_transit")
    with steps.sessions.begin() as session:
        session.execute(update(ShipmentRow).values(cost_minor=1250, cost_currency="CNY"))

    # when
    issue = sent(steps, ask, "erp")["shipped"]

    # then
    assert issue["location_id"] == "HANGZHOU"
    assert issue["units"] == [{"sku": LAMP, "quantity": 2}, {"sku": TEACUP, "quantity": 1}]
    assert (issue["freight"], issue["freight_currency"]) == ("12.50", "CNY")


def test_a_refund_before_the_delivery_is_credited_to_the_payment(steps: Steps, ask: Ask) -> None:
    # given
    steps.up_to("audit_order").refunds.refund_order(steps.undo(steps.order_id))

    # when
    credit = sent(steps, ask, "erp")["refunded"]

    # then
    assert (credit["credit_of"], credit["amount"], credit["lines"]) == ("payment", "67.97", [])


def test_the_crm_gets_the_order_the_points_and_the_return(steps: Steps, ask: Ask) -> None:
    # when
    heard = sent(steps.up_to("end_return"), ask, "crm")

    # then
    record, arrived, back = heard["received"], heard["delivered"], heard["returned"]
    assert record["totals"]["grand_total"] == "67.97"
    assert [(line["sku"], line["total"]) for line in record["lines"]] == [(LAMP, "39.98"), (TEACUP, "19.99")]
    assert arrived["points"] == 67
    assert arrived["hours_to_deliver"] == pytest.approx(arrived["hours_to_ship"] + 1, abs=0.2)
    assert (back["kind"], back["lines"]) == ("return_and_refund", [{"line_no": 1, "sku": LAMP, "quantity": 1}])
    assert heard["refunded"]["points"] == -20
    assert all(data["customer_id"] == "BUYER-OF-LAMPS" for data in heard.values())


def test_a_channel_without_a_platform_gets_the_parcel_in_our_format(steps: Steps, ask: Ask) -> None:
    # when
    shipped = sent(steps.up_to("record_progress:in_transit"), ask, "channel")["shipped"]

    # then
    assert (shipped["carrier"], shipped["waybill"] != "", shipped["whole"]) == ("JD Logistics", True, True)
    assert [(line["sku"], line["quantity"]) for line in shipped["lines"]] == [(LAMP, 2), (TEACUP, 1)]


def test_the_customer_reads_a_text_in_the_language_of_the_channel(steps: Steps, ask: Ask) -> None:
    # given
    save_account(steps.sessions, CHANNEL, "taobao", "a secret of the tests", {"language": "en"})

    # when
    shipped = sent(steps.up_to("record_progress:in_transit"), ask, "inbox")["shipped"]

    # then
    assert (shipped["to"], shipped["language"]) == (RECEIVER["email"], "en")
    assert shipped["subject"].startswith("Your order TM-")
    assert f"Hello {RECEIVER['name']}" in shipped["text"]
    assert shipped["fields"]["waybill"] in shipped["text"]


def test_texts_of_staff_are_used_from_their_first_day(steps: Steps, ask: Ask) -> None:
    # given
    texts = {CHANNEL: {"zh-CN": {"received": {"subject": "收到啦", "text": "${order} 收到啦"}}}}
    set_parameter(steps.sessions, "message_texts", texts, LONG_AGO, None, "a test", "sun")
    later = {CHANNEL: {"zh-CN": {"received": {"subject": "明年", "text": "明年"}}}}
    set_parameter(steps.sessions, "message_texts", later, datetime.now(UTC) + timedelta(days=9), None, "a test", "sun")

    # when
    received = sent(steps.up_to("audit_order"), ask, "inbox")["received"]

    # then
    assert received["subject"] == "收到啦"


def announce_attempts(steps: Steps, *attempts: int) -> None:
    with steps.sessions.begin() as session:
        for attempt in attempts:
            data = {"fulfillment_order_id": steps.work, "attempt": attempt}
            journal.announce(session, steps.order_id, milestones.ATTEMPTED, data, subject=f"1-{attempt}")


@pytest.mark.parametrize("at_once", [True, False], ids=["in one call", "one after the other"])
def test_the_same_text_is_sent_once(at_once: bool, steps: Steps, ask: Ask) -> None:
    # given
    texts = {"*": {"zh-CN": {"delivery_attempted": {"subject": "没人在家", "text": "${name}，没人在家"}}}}
    set_parameter(steps.sessions, "message_texts", texts, LONG_AGO, None, "a test", "sun")
    announce_attempts(steps, 1, *((2,) if at_once else ()))
    sent(steps, ask, "inbox")
    announce_attempts(steps, 2)

    # when
    sent(steps, ask, "inbox")

    # then
    assert len(ask("/inbox/messages", order_id=steps.order_id)["messages"]) == 1
    assert len(ask("/crm/messages", order_id=steps.order_id)["messages"]) == 2
    with steps.sessions() as session:
        [first, second] = session.scalars(
            select(MessageRow).where(MessageRow.recipient == "inbox").order_by(MessageRow.sequence)
        )
    assert (first.same_as, second.same_as, second.sent_at is not None) == (None, first.message_id, True)


def test_texts_that_differ_are_all_sent(steps: Steps, ask: Ask) -> None:
    # given
    announce_attempts(steps, 1, 2)

    # when
    sent(steps, ask, "inbox")

    # then
    assert len(ask("/inbox/messages", order_id=steps.order_id)["messages"]) == 2


def test_texts_to_customers_are_not_kept(steps: Steps, ask: Ask) -> None:
    # given
    sent(steps.up_to("end_return"), ask, "inbox")

    # when
    with steps.sessions() as session:
        kept = [(row.data, row.digest) for row in session.scalars(select(MessageRow))]

    # then
    assert any(digest for _, digest in kept)
    assert not [row for row in kept if RECEIVER["name"] in str(row) or RECEIVER["phone"] in str(row)]


def test_letters_about_an_erased_person_name_nobody(steps: Steps, ask: Ask) -> None:
    # given a person to whom all messages were sent
    sent(steps.up_to("end_return"), ask, "inbox")
    with steps.sessions() as session:
        customer = session.scalars(select(OrderRow.customer_id).where(OrderRow.order_id == steps.order_id)).one()
    assert erase(steps.sessions, [customer], "lin").orders == 1

    # when the letters are written again
    with steps.sessions() as session:
        letters = steps.redeliver.rounds.letters.write(session, session.scalars(select(MessageRow)).all())

    # then
    assert letters
    assert RECEIVER["name"] not in str([letter.body for letter in letters])
