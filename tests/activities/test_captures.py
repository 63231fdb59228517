"""Money that is only reserved: captured as goods leave, never twice nor beyond, and the rest given back."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from activities.audit import AuditRequest
from activities.audit_findings import AuditResult
from activities.capturing import CaptureAnswer, CaptureStep
from activities.outcome import Ending
from activities.payment_links import LinkRequest
from activities.settlement import Settlement
from activities.shortages import Repayment
from commands.parameters import set_parameter
from domain.editing.wanted import WantedEdit
from domain.errors import PartnerTrouble
from domain.money import Money
from domain.payment_terms import AT_ORDER, BY_SHIPMENT
from models.authorization import AuthorizationRow, CaptureRow
from models.fulfillment import FulfillmentLineRow, FulfillmentOrderRow
from models.order import OrderRow
from models.payment import MoneyMovementRow, PaymentLinkRow
from record.orders import payment_claims
from record.orders.renewals import RenewalSweep
from tests.activities.story import Steps, make_edit
from tests.factories import LAMP, LAMPS_AND_CUP, TEACUP, place_order

Ask = Callable[..., Any]
LAMPS, CUP = {LAMP: 2}, {TEACUP: 1}
TOTAL = 6797
LAMPS_COST = 2 * 1999 + 800
CUP_COSTS = 1999


def agree(steps: Steps, capture: str) -> None:
    terms = {"tmall": {"*": {"kind": "authorized", "capture": capture}}}
    set_parameter(steps.sessions, "payment_terms", terms, datetime(2020, 1, 1, tzinfo=UTC), None, "a contract", "sun")


@pytest.fixture
def reserved(steps: Steps) -> Steps:
    agree(steps, BY_SHIPMENT)
    return placed(steps)


def placed(steps: Steps, trouble: str = "") -> Steps:
    """Place an order of two lamps and a cup whose money is reserved, and audit it."""
    order_id = place_order(steps.sessions, LAMPS_AND_CUP)
    with steps.sessions.begin() as session:
        session.get_one(OrderRow, order_id).payment_reference = f"AUTH-{trouble}{order_id}:67.97:CNY"
    mine = replace(steps, order_id=order_id, stored={})
    mine.audit.audit_order(AuditRequest(order_id, 1))
    return mine


def pack(steps: Steps, units: dict[str, int], status: str = "packed") -> str:
    """Write a fulfillment order of these units; return its id."""
    with steps.sessions.begin() as session:
        mine = select(FulfillmentOrderRow).where(FulfillmentOrderRow.order_id == steps.order_id)
        number = len(session.scalars(mine).all()) + 1
        name = f"{steps.order_id}-{number}"
        where = {"order_id": steps.order_id, "number": number, "location_id": "HANGZHOU", "reason": "near"}
        session.add(FulfillmentOrderRow(fulfillment_order_id=name, status=status, **where))
        session.flush()
        for sku, quantity in units.items():
            session.add(FulfillmentLineRow(fulfillment_order_id=name, sku=sku, quantity=quantity, allocated=0))
    return name


def put(steps: Steps, name: str, status: str) -> None:
    with steps.sessions.begin() as session:
        session.get_one(FulfillmentOrderRow, name).status = status


def capture(steps: Steps, name: str = "", round_: int = 1) -> str:
    return steps.captures.capture_goods(CaptureStep(steps.order_id, name, round_)).refusal


def moved(steps: Steps, kind: str) -> list[int]:
    with steps.sessions() as session:
        where = MoneyMovementRow.kind == kind, MoneyMovementRow.order_id == steps.order_id
        rows = select(MoneyMovementRow.amount_minor).where(*where).order_by(MoneyMovementRow.movement_id)
        return list(session.scalars(rows))


def authorization(steps: Steps) -> AuthorizationRow:
    with steps.sessions() as session:
        return session.get_one(AuthorizationRow, steps.order_id)


def at_gateway(steps: Steps) -> Any:
    return steps.captures.payments.payment(authorization(steps).reference)


def repay(steps: Steps, minor: int) -> int:
    key = f"{steps.order_id}:refund:short:{minor}"
    return steps.shortages.repay_lines(Repayment(steps.order_id, key, minor, "short")).refunded_minor


def settle(steps: Steps) -> None:
    Settlement(steps.sessions, steps.refunds.ways).settle_payment(steps.order_id)


def test_what_is_reserved_is_enough_for_an_order_to_go_on(reserved: Steps) -> None:
    result = reserved.audit.audit_order(AuditRequest(reserved.order_id, 1))

    assert result == AuditResult("pass", captures=BY_SHIPMENT)
    assert (moved(reserved, "authorized"), moved(reserved, "captured")) == ([TOTAL], [])
    assert (authorization(reserved).amount_minor, authorization(reserved).capture) == (TOTAL, BY_SHIPMENT)


def test_too_little_reserved_holds_the_order(steps: Steps) -> None:
    agree(steps, BY_SHIPMENT)
    order_id = place_order(steps.sessions, LAMPS_AND_CUP, payment_reference="AUTH-LITTLE:67.96:CNY")

    assert steps.audit.audit_order(AuditRequest(order_id, 1)).open.codes == ["PAYMENT_AMOUNT"]


def test_each_parcel_is_captured_once_with_its_share(reserved: Steps) -> None:
    # given
    lamps, cup = pack(reserved, LAMPS), pack(reserved, CUP)

    # when each is asked for twice, and the gateway's word comes besides
    answers = [capture(reserved, name) for name in (lamps, lamps, cup, cup)]
    with reserved.sessions.begin() as session:
        payment_claims.capture(session, authorization(reserved).reference, Money(TOTAL, "CNY"))

    # then
    assert answers == [""] * 4
    assert moved(reserved, "captured") == [LAMPS_COST, CUP_COSTS]
    assert at_gateway(reserved).taken == Money(TOTAL, "CNY")


def test_a_webhook_before_the_answer_is_booked_once(reserved: Steps, trouble: Callable[..., None]) -> None:
    # given a capture whose answer is lost, while the gateway's word of it arrives
    lamps = pack(reserved, LAMPS)
    trouble("payments", "lost_answer")
    with pytest.raises(PartnerTrouble):
        capture(reserved, lamps)
    trouble("payments", "none")
    with reserved.sessions.begin() as session:
        payment_claims.capture(session, authorization(reserved).reference, Money(LAMPS_COST, "CNY"))

    # when it is asked for again
    capture(reserved, lamps)

    # then
    assert moved(reserved, "captured") == [LAMPS_COST]


def test_a_refusal_is_an_answer_and_the_next_attempt_asks_again(steps: Steps) -> None:
    agree(steps, BY_SHIPMENT)
    refused = placed(steps, "CAPTURE-REFUSED-")
    lamps = pack(refused, LAMPS)

    assert [capture(refused, lamps, number) for number in (1, 1, 2)] == ["declined", "declined", ""]
    assert moved(refused, "captured") == [LAMPS_COST]


def test_an_unanswering_gateway_is_asked_again_for_the_same(reserved: Steps, trouble: Callable[..., None]) -> None:
    # given a capture of which the answer is lost
    lamps = pack(reserved, LAMPS)
    trouble("payments", "lost_answer")
    with pytest.raises(PartnerTrouble):
        capture(reserved, lamps)
    trouble("payments", "none")

    # when its parcel is called back, and the goods leave in another
    put(reserved, lamps, "canceled")
    again = pack(reserved, LAMPS)
    capture(reserved, again)

    # then they are captured once
    assert at_gateway(reserved).taken == Money(LAMPS_COST, "CNY")
    assert moved(reserved, "captured") == [LAMPS_COST]


def test_a_parcel_that_is_sent_again_is_not_captured_twice(reserved: Steps) -> None:
    # given a lost parcel
    lamps = pack(reserved, LAMPS)
    capture(reserved, lamps)
    put(reserved, lamps, "canceled")

    # when its goods are sent again, with the rest
    capture(reserved, pack(reserved, LAMPS))
    capture(reserved, pack(reserved, CUP))

    # then
    assert sum(moved(reserved, "captured")) == TOTAL
    with reserved.sessions() as session:
        asked = select(CaptureRow.asked_minor).where(CaptureRow.order_id == reserved.order_id)
        assert list(session.scalars(asked.order_by(CaptureRow.subject))) == [LAMPS_COST, 0, CUP_COSTS]


def test_a_capture_at_the_order_takes_everything(steps: Steps) -> None:
    agree(steps, AT_ORDER)
    whole = placed(steps)

    assert [capture(whole) for _ in range(2)] == ["", ""]
    assert moved(whole, "captured") == [TOTAL]


def test_what_the_channel_ships_itself_is_captured_once_as_it_leaves(reserved: Steps) -> None:
    # given nothing, one lamp, and both lamps that the channel has shipped
    for gone in (0, 1, 1, 2):
        with reserved.sessions.begin() as session:
            mine = {"id": reserved.order_id, "gone": gone}
            session.execute(text("UPDATE order_lines SET elsewhere = :gone WHERE line_no = 1 AND order_id = :id"), mine)
        assert capture(reserved) == ""

    # when we ship the rest
    capture(reserved, pack(reserved, CUP))

    # then
    assert moved(reserved, "captured") == [1999 + 800, 1999, CUP_COSTS]


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


def test_goods_that_are_lost_and_not_sent_again_are_paid_back(reserved: Steps) -> None:
    # given
    cup = pack(reserved, CUP)
    capture(reserved, cup)
    put(reserved, cup, "canceled")
    with reserved.sessions.begin() as session:
        mine = {"id": reserved.order_id}
        session.execute(text("UPDATE order_lines SET withdrawn = 1 WHERE line_no = 2 AND order_id = :id"), mine)

    # when
    refunded = repay(reserved, CUP_COSTS)
    capture(reserved, pack(reserved, LAMPS))

    # then the first parcel had borne the shipping, which serves the second
    assert refunded == CUP_COSTS
    assert sum(moved(reserved, "captured")) - CUP_COSTS == LAMPS_COST


def settle_end(steps: Steps, status: str = "completed") -> None:
    with steps.sessions.begin() as session:
        session.get_one(OrderRow, steps.order_id).status = "in_progress"
    steps.outcome.end_order(Ending(steps.order_id, status, "over"))
    settle(steps)


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


def test_nothing_reserved_asks_for_nothing(steps: Steps) -> None:
    assert steps.captures.capture_goods(CaptureStep(steps.order_id, steps.work)) == CaptureAnswer()
