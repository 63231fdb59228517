"""Orders on credit as steps: within the limit they go on unpaid, and each parcel that leaves is an invoice."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from activities.audit import AuditRequest
from activities.audit_findings import AuditResult
from commands.parameters import set_parameter
from domain.money import Money
from models.credit import InvoiceRow
from models.order import OrderRow
from record import money
from record.orders import invoices
from record.orders.credit import set_account
from record.orders.invoicing import InvoiceSweep
from tests.activities.story import Steps
from tests.factories import LAMPS_AND_CUP, place_order

TERMS = {"*": {"invoice": {"kind": "on_credit"}}}
LONG_AGO, CUSTOMER = datetime(2020, 1, 1, tzinfo=UTC), "HOTEL-7"
TOTAL = 6797


@pytest.fixture
def on_credit(steps: Steps) -> Steps:
    """An order of 67.97 of a customer who may owe 150.00."""
    set_parameter(steps.sessions, "payment_terms", TERMS, LONG_AGO, None, "a contract", "sun")
    with steps.sessions.begin() as session:
        set_account(session, CUSTOMER, "CNY", 150_00, 30, "lin")
    return placed(steps)


def placed(steps: Steps, **changes: Any) -> Steps:
    terms = {"payment_reference": "", "payment_method": "invoice", "customer_id": CUSTOMER}
    return replace(steps, order_id=place_order(steps.sessions, LAMPS_AND_CUP, **terms | changes), stored={})


def audited(steps: Steps, revision: int = 1) -> AuditResult:
    return steps.audit.audit_order(AuditRequest(steps.order_id, revision))


def invoice(steps: Steps) -> InvoiceRow:
    with steps.sessions() as session:
        return session.scalars(select(InvoiceRow).where(InvoiceRow.order_id == steps.order_id)).one()


def pay(steps: Steps, key: str, minor: int) -> None:
    with steps.sessions.begin() as session:
        invoices.pay(session, invoice(steps).invoice_id, key, Money(minor, "CNY"), "lin")


def sent(steps: Steps) -> Steps:
    steps.up_to("book_shipment").record(steps.tracking_event("in_transit"))
    InvoiceSweep(steps.sessions).run(datetime.now(UTC))
    return steps


def test_orders_go_on_while_the_customer_owes_less_than_the_limit(on_credit: Steps) -> None:
    # given two that fit, and a third that does not
    first, second, third = (placed(on_credit) for _ in range(3))

    # when
    results = [audited(one).open.codes for one in (first, second, third)]

    # then
    assert results == [[], [], ["CREDIT"]]

    # when the first ends without goods
    with first.sessions.begin() as session:
        row = session.get_one(OrderRow, first.order_id)
        row.status, row.ended_at = "canceled", datetime.now(UTC)

    # then
    assert audited(third, 2).open.codes == []


def test_orders_audited_at_the_same_time_never_owe_more_than_the_limit(on_credit: Steps) -> None:
    # given
    orders = [placed(on_credit) for _ in range(6)]

    # when
    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(audited, orders))

    # then
    assert sum(not one.open.codes for one in results) == 2


@pytest.mark.parametrize("customer", ["NOBODY", CUSTOMER])
def test_who_has_no_account_or_owes_for_too_long_is_held(customer: str, on_credit: Steps) -> None:
    # given
    first = sent(on_credit)
    with first.sessions.begin() as session:
        session.get_one(InvoiceRow, invoice(first).invoice_id).due_at = datetime.now(UTC) - timedelta(days=1)

    # when
    InvoiceSweep(first.sessions).run(datetime.now(UTC))
    result = audited(placed(first, customer_id=customer))

    # then
    assert result.open.codes == ["CREDIT"]
    with first.sessions() as session:
        assert "overdue" in (session.get_one(OrderRow, first.order_id).attention or "")


def test_what_has_left_is_invoiced_once_and_paid_in_parts(on_credit: Steps) -> None:
    # given
    steps = sent(sent(on_credit))
    assert (invoice(steps).amount_minor, invoice(steps).closed_at) == (TOTAL, None)

    # when
    for key, minor in (("BANK-1", 5000), ("BANK-1", 5000), ("BANK-2", 1797)):
        pay(steps, key, minor)

    # then
    assert invoice(steps).closed_at is not None
    with steps.sessions() as session:
        assert money.captured(session, steps.order_id).minor_units == TOTAL
    with pytest.raises(invoices.OverPaid):
        pay(steps, "BANK-3", 1)


def test_goods_that_come_back_unpaid_lower_the_invoice_and_refund_nothing(on_credit: Steps) -> None:
    # given
    steps = sent(on_credit)
    pay(steps, "BANK-1", 1000)

    # when
    with steps.sessions.begin() as session:
        for _ in range(2):
            invoices.credit_back(session, steps.order_id, "CASE-1", 2000)

    # then
    assert (invoice(steps).settled_minor, invoice(steps).closed_at) == (3000, None)
    with steps.sessions() as session:
        assert money.balance(session, steps.order_id).minor_units == 1000


def test_a_parcel_that_nobody_took_is_not_owed(on_credit: Steps) -> None:
    # given
    steps = sent(on_credit)

    # when
    steps.record(steps.warehouse_event("returned", location_id="HANGZHOU"))

    # then
    assert invoice(steps).closed_at is not None
    with steps.sessions() as session:
        assert money.captured(session, steps.order_id).minor_units == 0
