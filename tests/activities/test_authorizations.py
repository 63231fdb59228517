"""What is reserved: whether it is enough, renewed in time, raised for an edit, and given back in the end."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text

from activities.audit import AuditRequest
from activities.audit_findings import AuditResult
from activities.payment_links import LinkRequest
from domain.editing.wanted import WantedEdit
from domain.money import Money
from domain.payment_terms import BY_SHIPMENT
from models.authorization import AuthorizationRow
from models.order import OrderRow
from models.payment import PaymentLinkRow
from record.orders.renewals import RenewalSweep
from tests.activities.reserving import (
    CUP,
    CUP_COSTS,
    LAMPS,
    LAMPS_COST,
    TOTAL,
    agree,
    at_gateway,
    authorization,
    capture,
    moved,
    pack,
    placed,
    repay,
    reserved,
    settle,
    settle_end,
)
from tests.activities.story import Steps, make_edit
from tests.factories import LAMPS_AND_CUP, place_order

__all__ = ["reserved"]


def test_what_is_reserved_is_enough_for_an_order_to_go_on(reserved: Steps) -> None:
    result = reserved.audit.audit_order(AuditRequest(reserved.order_id, 1))

    assert result == AuditResult("pass", captures=BY_SHIPMENT)
    assert (moved(reserved, "authorized"), moved(reserved, "captured")) == ([TOTAL], [])
    assert (authorization(reserved).amount_minor, authorization(reserved).capture) == (TOTAL, BY_SHIPMENT)


def test_too_little_reserved_holds_the_order(steps: Steps) -> None:
    agree(steps, BY_SHIPMENT)
    order_id = place_order(steps.sessions, LAMPS_AND_CUP, payment_reference="AUTH-LITTLE:67.96:CNY")

    assert steps.audit.audit_order(AuditRequest(order_id, 1)).open.codes == ["PAYMENT_AMOUNT"]


def test_money_that_is_not_reserved_any_more_is_renewed_before_it_is_captured(reserved: Steps) -> None:
    # given
    with reserved.sessions.begin() as session:
        row = session.get_one(AuthorizationRow, reserved.order_id)
        row.expires_at = datetime.now(UTC)

    # when
    refusal = capture(reserved, pack(reserved, LAMPS))

    # then
    assert refusal == ""
    assert authorization(reserved).renewals == 1


@pytest.mark.parametrize(("trouble", "renewed"), [("", True), ("NO-RENEWAL-", False)])
def test_it_is_renewed_before_it_expires_or_a_person_is_called(trouble: str, renewed: bool, steps: Steps) -> None:
    # given
    agree(steps, BY_SHIPMENT)
    order = placed(steps, trouble)
    before = authorization(order).expires_at
    assert before is not None

    # when the sweep comes twice, six days later
    sweep = RenewalSweep(order.sessions)
    in_time = datetime.now(UTC) + timedelta(days=6, minutes=1)
    found = [sweep.run(in_time - timedelta(hours=1)), sweep.run(in_time), sweep.run(in_time)]
    settle(order)

    # then
    assert found == [0, 1, 0]
    row = authorization(order)
    assert row.expires_at is not None
    assert (row.renewals, row.expires_at > before, row.renew_at is not None) == (1, renewed, renewed)
    with order.sessions() as session:
        assert bool(session.get_one(OrderRow, order.order_id).attention) is not renewed


@pytest.mark.parametrize(("trouble", "link"), [("", "void"), ("NO-INCREMENT-", "open")])
def test_what_an_edit_charges_is_reserved_or_paid_by_a_link(trouble: str, link: str, steps: Steps) -> None:
    # given
    agree(steps, BY_SHIPMENT)
    order = placed(steps, trouble)

    # when
    make_edit(order, WantedEdit(amounts={"shipping": Money(1000, "CNY")}))
    for _ in range(2):
        order.links.tell_links(LinkRequest(order.order_id, f"{order.order_id}-E-1"))

    # then
    with order.sessions() as session:
        links = session.scalars(select(PaymentLinkRow).where(PaymentLinkRow.order_id == order.order_id)).all()
        charge = session.get_one(OrderRow, order.order_id).charge_minor
    assert [one.state for one in links] == [link]
    assert (charge, sum(moved(order, "authorized"))) == ((0, TOTAL + 200) if link == "void" else (200, TOTAL))


def test_an_edit_that_lowers_the_price_is_captured_at_the_new_one(reserved: Steps) -> None:
    capture(reserved, pack(reserved, CUP))

    outcome = make_edit(reserved, WantedEdit(amounts={"discount": Money(500, "CNY")}))

    assert (outcome.state, outcome.repay_minor, repay(reserved, 500)) == ("applied", 500, 0)
    capture(reserved, pack(reserved, LAMPS))
    assert sum(moved(reserved, "captured")) == TOTAL - 500


def test_nothing_is_paid_back_for_what_was_never_captured(reserved: Steps) -> None:
    # given a parcel that has left, and a cup that is short and canceled
    capture(reserved, pack(reserved, LAMPS))
    with reserved.sessions.begin() as session:
        mine = {"id": reserved.order_id}
        session.execute(text("UPDATE order_lines SET withdrawn = 1 WHERE line_no = 2 AND order_id = :id"), mine)

    # when
    refunded = repay(reserved, CUP_COSTS)

    # then the rest goes back at the end
    assert (refunded, moved(reserved, "refunded")) == (0, [])
    settle_end(reserved)
    assert (moved(reserved, "captured"), moved(reserved, "voided")) == ([LAMPS_COST], [CUP_COSTS])
    assert at_gateway(reserved).taken == Money(LAMPS_COST, "CNY")


def test_a_canceled_order_gives_everything_back(reserved: Steps) -> None:
    # given
    capture(reserved, pack(reserved, CUP))

    # when
    answers = [reserved.refunds.refund_order(reserved.undo(reserved.order_id)) for _ in range(2)]

    # then
    assert [answer.done for answer in answers] == [True, True]
    assert (moved(reserved, "refunded"), moved(reserved, "voided")) == ([CUP_COSTS + 800], [TOTAL - CUP_COSTS - 800])
    settle_end(reserved, "canceled")
    assert len(moved(reserved, "voided")) == 1
