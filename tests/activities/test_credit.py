"""Orders on credit as steps: within the limit they go on unpaid, and each parcel that leaves is an invoice."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text

from activities.audit import AuditRequest
from activities.audit_findings import AuditResult
from activities.carrier_claims import Remedy
from activities.reserve import StockRequest
from activities.withdraw import Withdrawal
from commands.parameters import set_parameter
from commands.verify_money import INVOICED
from domain.editing.wanted import WantedEdit
from domain.money import Money
from domain.returns.requests import RecordGoodsRequest, RefundReturnRequest
from models.credit import InvoiceRow
from models.fulfillment import FulfillmentOrderRow
from models.order import OrderRow
from models.refunds import RefundTaskRow
from record import money
from record.order_mapping import lock_order
from record.orders import invoices
from record.orders.credit import set_account
from record.orders.invoicing import InvoiceSweep
from tests.activities.story import A_LAMP, Steps, make_edit
from tests.activities.test_return_terms import agree, came_back
from tests.factories import LAMPS_AND_CUP, place_order
from tests.waiting import until_waiting

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


def test_what_nobody_will_pay_is_written_off_and_booked_if_it_is_paid_after_all(on_credit: Steps) -> None:
    # given
    steps = sent(on_credit)
    pay(steps, "BANK-1", 1000)
    name = invoice(steps).invoice_id

    # when
    for _ in range(2):
        with steps.sessions.begin() as session:
            invoices.write_off(session, name, "uncollectible", "ada")

    # then it is closed, and counts as owed no more
    assert (invoice(steps).settled_minor, invoice(steps).closed_at is None) == (TOTAL, False)
    assert [audited(placed(on_credit)).open.codes for _ in range(3)] == [[], [], ["CREDIT"]]

    # when a part of it is paid after all, and too much
    pay(steps, "BANK-2", 2000)
    pay(steps, "BANK-2", 2000)
    with pytest.raises(invoices.OverPaid):
        pay(steps, "BANK-3", TOTAL)

    # then
    with steps.sessions() as session:
        assert money.captured(session, steps.order_id).minor_units == 3000
        assert [row.id for row in session.execute(text(INVOICED)) if row.wrong] == []


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


def returned(steps: Steps, **changes: Any) -> Steps:
    """Have one lamp come back, and settle its case."""
    steps.requests.open_return(steps.requested(**changes))
    steps.returns.record_goods(RecordGoodsRequest(steps.case, "delivered"))
    steps.record_return(steps.return_event("received", A_LAMP))
    steps.return_refunds.refund_return(RefundReturnRequest(steps.case, 1))
    return steps


def still_owed(steps: Steps) -> int:
    InvoiceSweep(steps.sessions).run(datetime.now(UTC))
    return invoice(steps).amount_minor - invoice(steps).settled_minor


def test_goods_that_never_left_are_not_taken_off_the_invoice_of_others(on_credit: Steps) -> None:
    # given a lamp that is given back before the rest leaves
    steps = on_credit.up_to("reserve_stock")
    steps.requests.open_return(steps.requested())
    steps.withdraw.withdraw_lines(Withdrawal(steps.order_id, steps.case, "recalled"))
    steps.returns.record_goods(RecordGoodsRequest(steps.case, "recalled"))
    [work] = steps.allocate.allocate_stock(StockRequest(steps.order_id, 2)).work
    with steps.sessions.begin() as session:
        session.get_one(FulfillmentOrderRow, work.fulfillment_order_id).status = "delivered"
    before = still_owed(steps)

    # when
    for _ in range(2):
        steps.return_refunds.refund_return(RefundReturnRequest(steps.case, 1))

    # then
    assert (work.units, before, still_owed(steps)) == (2, TOTAL - 1999, TOTAL - 1999)


@pytest.mark.parametrize("refund_to", ["original", "store_credit"])
def test_goods_that_come_back_before_their_invoice_are_not_owed(refund_to: str, on_credit: Steps) -> None:
    # given
    steps = on_credit.up_to("end_order")

    # when
    returned(steps, refund_to=refund_to)

    # then
    assert still_owed(steps) == TOTAL - 1999


@pytest.mark.parametrize("paid", [0, 500, TOTAL])
def test_fees_of_a_return_are_owed_whether_or_not_its_goods_were_paid(paid: int, on_credit: Steps) -> None:
    # given
    agree(on_credit, restocking_percent=10).up_to("end_order")
    still_owed(on_credit)
    if paid:
        pay(on_credit, "BANK-1", paid)

    # when
    came_back(on_credit, reason_code="changed_mind")

    # then the customer bears a tenth of the lamp: it stays owed, or is kept of what was paid
    with on_credit.sessions() as session:
        task = session.scalar(select(func.coalesce(func.sum(RefundTaskRow.amount_minor), 0)))
    assert still_owed(on_credit) - task == TOTAL - paid - 1999 + 199


def test_a_payment_and_the_sweep_for_what_is_overdue_never_wait_for_each_other(on_credit: Steps) -> None:
    # given
    steps = sent(on_credit)
    with steps.sessions.begin() as session:
        session.get_one(InvoiceRow, invoice(steps).invoice_id).due_at = datetime.now(UTC) - timedelta(days=1)

    # when a payment comes while the sweep has the invoice
    with ThreadPoolExecutor(1) as pool:
        with steps.sessions.begin() as session:
            lock_order(session, steps.order_id)
            sweep = pool.submit(InvoiceSweep(steps.sessions).run, datetime.now(UTC))
            until_waiting(steps.sessions, 1)
            session.get_one(InvoiceRow, invoice(steps).invoice_id, with_for_update={"nowait": True})
        sweep.result()

    # then
    assert invoice(steps).overdue_at is not None


@pytest.mark.parametrize(("remedy", "owed"), [("reship", TOTAL), ("refund", 0)])
def test_a_lost_parcel_is_not_owed_and_what_is_sent_instead_is(remedy: str, owed: int, on_credit: Steps) -> None:
    # given
    steps = sent(on_credit)

    # when
    steps.claims.make_good(Remedy(steps.order_id, steps.work, remedy, "sun"))
    for work in steps.allocate.allocate_stock(StockRequest(steps.order_id, 3)).work:
        with steps.sessions.begin() as session:
            session.get_one(FulfillmentOrderRow, work.fulfillment_order_id).status = "shipped"
    InvoiceSweep(steps.sessions).run(datetime.now(UTC))

    # then
    with steps.sessions() as session:
        mine = select(InvoiceRow).where(InvoiceRow.order_id == steps.order_id)
        assert sum(one.amount_minor - one.settled_minor for one in session.scalars(mine)) == owed


def test_an_edit_changes_what_is_invoiced_until_everything_is(on_credit: Steps) -> None:
    # given
    steps = on_credit.before("book_shipment")
    cheaper, dearer = (WantedEdit(amounts={"shipping": Money(minor, "CNY")}) for minor in (2_00, 12_00))

    # when
    made = make_edit(steps, cheaper, 1, recalled=True)
    sent(steps)
    refused = make_edit(steps, dearer, 2, recalled=True)

    # then
    assert (made.state, made.repay_minor, refused.state) == ("applied", 0, "refused")
    assert invoice(steps).amount_minor == TOTAL - 6_00
