"""Terms of returns: who decides, when the refund is made, which fees are charged, and import tax and limits."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from activities.return_requests import CaseDecision
from domain.returns.requests import (
    BookLabelRequest,
    DropFollowUpRequest,
    EndReturnRequest,
    PlaceFollowUpRequest,
    RecordGoodsRequest,
    RefundReturnRequest,
    SendFollowUpRequest,
)
from models.fulfillment import FulfillmentOrderRow
from models.messaging import MessageRow
from models.order import OrderRow
from models.parameters import ParameterRow
from models.returns import ReturnedGoodsRow, ReturnReasonRow, ReturnRow
from models.stock import ProductRow
from tests.activities.story import A_GOOD_LAMP, Steps
from tests.factories import LAMP, PRICE, TEACUP, assert_ledger_explains_stock, counters, events_of

SINCE = datetime(2001, 1, 1, tzinfo=UTC)
GENEROUS = {
    "refund": "after_inspection",
    "automatic": {"return_and_refund": {"CNY": "5000.00"}, "store_return": {"CNY": "5000.00"}},
    "when_silent": "wait",
    "restocking_percent": 0,
    "freight": {},
}


def agree(steps: Steps, **terms: Any) -> Steps:
    """Set these terms for the shop, with a reason at the customer's fault and one at the shop's."""
    with steps.sessions.begin() as session:
        value = {"*": GENEROUS | terms}
        session.add(ParameterRow(name="return_terms", valid_from=SINCE, value=value, source="test", set_by="sun"))
        for code, fault in (("changed_mind", "customer"), ("faulty", "shop")):
            session.merge(ReturnReasonRow(code=code, meaning=code, fault=fault, set_by="sun"))
    return steps


def came_back(steps: Steps, **changes: Any) -> ReturnRow:
    """Return one lamp with a label of ours, refund it, and return the case."""
    steps.up_to("end_order").requests.open_return(steps.requested(**changes))
    steps.returns.record_goods(RecordGoodsRequest(steps.case, "delivered"))
    steps.labels.book_label(BookLabelRequest(steps.case))
    steps.record_return(steps.return_event("inspected", A_GOOD_LAMP))
    steps.return_refunds.refund_return(RefundReturnRequest(steps.case, 1))
    return row_of(steps)


def row_of(steps: Steps) -> ReturnRow:
    with steps.sessions() as session:
        return session.get_one(ReturnRow, steps.case)


def test_a_case_worth_more_than_the_terms_allow_waits_for_a_person(steps: Steps) -> None:
    # given
    agree(steps, automatic={"return_and_refund": {"CNY": "19.98"}}).up_to("end_order")

    # when
    case = steps.requests.open_return(steps.requested())
    decided = steps.requests.decide_return(CaseDecision(steps.case, True, "sun", "a regular customer"))

    # then
    assert (case.status, decided, row_of(steps).decided_by) == ("requested", "approved", "sun")


@pytest.mark.parametrize("amount", ["", "1.005"])
def test_a_claim_without_an_amount_of_the_currency_is_rejected(steps: Steps, amount: str) -> None:
    steps.up_to("end_order")

    case = steps.requests.open_return(steps.requested(kind="claim", amount=amount))

    assert (case.status, case.refusal) == ("rejected", "a claim needs an amount")


def test_fees_are_charged_when_the_customer_changed_their_mind(steps: Steps) -> None:
    row = came_back(agree(steps, restocking_percent=10, freight={"CNY": "5.00"}), reason_code="changed_mind")

    assert row.fees == {"restocking": 199, "freight": 500}
    assert (row.value_minor, row.refund_minor) == (PRICE.minor_units, PRICE.minor_units - 699)


def test_no_fees_are_charged_when_the_shop_is_at_fault(steps: Steps) -> None:
    row = came_back(agree(steps, restocking_percent=10, freight={"CNY": "5.00"}), reason_code="faulty")

    assert (row.fees, row.refund_minor) == ({}, PRICE.minor_units)


def test_goods_excluded_by_law_are_rejected_unless_the_shop_is_at_fault(steps: Steps) -> None:
    # given a lamp that was made for this customer
    agree(steps).up_to("end_order")
    with steps.sessions.begin() as session:
        session.execute(update(ProductRow).where(ProductRow.sku == LAMP).values(return_exclusion="custom_made"))

    # when
    of_her_own = steps.requests.open_return(steps.requested("CASE-1"))
    faulty = steps.requests.open_return(steps.requested("CASE-2", reason_code="faulty"))

    # then
    assert (of_her_own.status, faulty.status) == ("rejected", "approved")


def test_units_refunded_at_approval_cannot_be_requested_again(steps: Steps) -> None:
    # given a case that was refunded at its approval and has expired
    agree(steps, refund="at_approval").up_to("end_order").requests.open_return(steps.requested())
    steps.returns.record_goods(RecordGoodsRequest(steps.case, "delivered"))
    paid = steps.return_refunds.refund_return(RefundReturnRequest(steps.case, 1, "at_approval"))
    steps.returns.end_return(EndReturnRequest(steps.case, "expired", "nothing came"))

    # when both lamps are requested again
    again = steps.requests.open_return(steps.requested("CASE-2", {1: 2}))

    # then
    assert paid.refunded_minor == PRICE.minor_units
    assert again.refusal == "line 1 has 1 units left to return, 2 were asked"


@pytest.mark.parametrize(("released_days_ago", "kept"), [(20, {}), (31, {"import_tax": 273})])
def test_import_tax_and_the_yearly_limit_are_given_back_for_goods_returned_in_time(
    released_days_ago: int, kept: dict[str, int], steps: Steps
) -> None:
    # given a cross-border order with a tax of 8.19
    with steps.sessions.begin() as session:
        order = session.get_one(OrderRow, steps.order_id)
        order.tax_minor, order.grand_total_minor = 819, order.grand_total_minor + 819
        order.payment_reference = f"PAY-BORDER-{released_days_ago}:{(order.grand_total_minor) / 100:.2f}:CNY"
        order.import_minor = 6_797
    agree(steps).up_to("end_order")
    released = datetime.now(UTC) - timedelta(days=released_days_ago)
    with steps.sessions.begin() as session:
        session.execute(update(FulfillmentOrderRow).values(shipped_at=released))

    # when a lamp comes back
    row = came_back(steps)

    # then
    with steps.sessions() as session:
        counted = session.get_one(OrderRow, steps.order_id).import_minor
    assert (row.value_minor, row.fees) == (PRICE.minor_units + 273, kept)
    assert counted == (6_797 if kept else 6_797 - PRICE.minor_units)


def test_goods_that_were_never_sent_are_quarantined_and_not_refunded(steps: Steps) -> None:
    # given a case of one lamp, of an order of two lamps and a cup
    steps.up_to("announce_return")

    # when three lamps come
    steps.record_return(steps.return_event("received", [{"sku": LAMP, "quantity": 3}]))

    # then the third is not refundable, and an alert is raised
    with steps.sessions() as session:
        assert session.scalar(select(ReturnedGoodsRow.quantity)) == 2
    assert counters(steps.sessions, LAMP) == {"on_hand": 11, "quarantined": 3, "available": 8}
    assert row_of(steps).attention == "goods came that the order did not send: 1 ELEGANT-LAMP"
    assert "alert.raised" in events_of(steps.sessions, steps.order_id)
    assert steps.return_refunds.refund_return(RefundReturnRequest(steps.case, 1)).refunded_minor == PRICE.minor_units
    assert_ledger_explains_stock(steps.sessions)


def test_grades_and_photos_of_an_inspection_are_kept(steps: Steps) -> None:
    steps.up_to("record_return:received")

    judged = [{"sku": LAMP, "quantity": 1, "disposition": "refurbish", "grade": "B", "photos": ["photo:1"]}]
    steps.record_return(steps.return_event("inspected", judged))

    with steps.sessions() as session:
        row = session.scalars(select(ReturnedGoodsRow)).one()
        assert (row.disposition, row.grade, row.photos) == ("refurbish", "B", ["photo:1"])


def test_a_canceled_follow_up_order_is_not_sent(steps: Steps) -> None:
    # given a reship whose order was canceled meanwhile
    steps.up_to("end_order").requests.open_return(steps.requested(kind="reship"))
    placed = steps.follow_ups.place_follow_up(PlaceFollowUpRequest(steps.case))
    with steps.sessions.begin() as session:
        session.get_one(OrderRow, placed.order_id).status = "canceled"

    # when
    answer = steps.follow_ups.send_follow_up(SendFollowUpRequest(steps.case))

    # then its money stays with the first order
    assert answer.refusal == "the follow-up order is canceled"
    assert row_of(steps).moved_at is None


def test_a_follow_up_order_reserves_its_stock_and_releases_it_when_dropped(steps: Steps) -> None:
    steps.up_to("end_order").requests.open_return(steps.requested("CASE-1", {2: 1}, kind="exchange"))

    placed = steps.follow_ups.place_follow_up(PlaceFollowUpRequest(steps.case))
    reserved = counters(steps.sessions, TEACUP)
    steps.follow_ups.drop_follow_up(DropFollowUpRequest(steps.case, reason="she keeps it"))

    assert placed.order_id
    assert (reserved["reserved"], counters(steps.sessions, TEACUP)) == (1, {"on_hand": 9, "available": 9})
    assert events_of(steps.sessions, placed.order_id) == ["order.received", "reservation.created", "order.canceled"]
    assert_ledger_explains_stock(steps.sessions)


def test_a_refund_message_has_the_credit_note_and_the_points(steps: Steps) -> None:
    came_back(agree(steps))

    with steps.sessions() as session:
        message = session.scalars(select(MessageRow).where(MessageRow.milestone == "refunded")).first()
    assert message is not None
    # 67.97 gave 67 points; the 47.98 that remain paid give 47.
    assert (message.data["credit_note"], message.data["points"]) == (f"CN-{steps.case}:refund:1", -20)
