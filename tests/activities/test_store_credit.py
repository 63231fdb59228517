"""Store credit and spent points: the money is right to the cent, whatever is repeated."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from typing import Any

import httpx2
import pytest
from sqlalchemy import func, select

from activities.return_requests import CaseDecision
from commands.verify import verify
from domain.errors import PartnerTrouble
from domain.ids import return_id
from domain.money import Money
from domain.returns.requests import PlaceFollowUpRequest, RecordGoodsRequest, RefundReturnRequest, SendFollowUpRequest
from integrations.crm import Crm
from integrations.http import PartnerHttp
from models.messaging import MessageRow
from models.order import OrderRow
from models.payment import MoneyMovementRow, StoreCreditRow
from models.returns import ReturnRow
from tests.activities.story import Steps
from tests.activities.test_refunds import PAID, come_in, recorded
from tests.activities.test_return_terms import agree, came_back, row_of
from tests.factories import PRICE, place_order

_numbers = count(1)


@pytest.fixture
def crm(address: str) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=f"{address}/crm") as client:
        yield client


def credits(steps: Steps) -> list[StoreCreditRow]:
    with steps.sessions() as session:
        return list(session.scalars(select(StoreCreditRow).order_by(StoreCreditRow.created_at)))


def customer_who_spent(steps: Steps, crm: httpx2.Client, points: int) -> Steps:
    """Place an order of a new customer who has spent this many points."""
    name = f"SPENDER-{next(_numbers)}"
    if points:
        assert crm.post("/points-spent", json={"customer_id": name, "points": points}).status_code == 200
    payment = f"PAY-{name}:{PAID.text}:CNY"
    return replace(steps, order_id=place_order(steps.sessions, customer_id=name, payment_reference=payment), stored={})


def points_reported(steps: Steps) -> int:
    with steps.sessions() as session:
        of_order = MessageRow.order_id == steps.order_id, MessageRow.recipient == "crm"
        return int(session.scalar(select(func.sum(MessageRow.data["points"].as_integer())).where(*of_order)) or 0)


def test_a_store_credit_is_created_once_without_the_gateway(steps: Steps) -> None:
    # given
    steps.up_to("end_order")
    steps.requests.open_return(steps.requested(refund_to="store_credit", kind="claim", lines={}, amount="12.50"))
    steps.requests.decide_return(CaseDecision(steps.case, True, "sun"))

    # when
    answers = [steps.return_refunds.refund_return(RefundReturnRequest(steps.case, number)) for number in (1, 1, 2)]

    # then
    assert [answer.refunded_minor for answer in answers] == [1250] * 3
    (credit,) = credits(steps)
    assert (credit.amount_minor, credit.customer_id, credit.return_id) == (1250, "BUYER-OF-LAMPS", steps.case)
    assert recorded(steps) == []
    assert verify(steps.sessions).clean


def test_credit_and_refund_add_up_to_what_was_paid(steps: Steps) -> None:
    # given a refunded case, and one that is to be paid as store credit
    steps.up_to("end_order")
    steps.return_refunds.refund_return(come_in(steps, "CASE-LAMP", {1: 1}))
    rest = come_in(steps, "CASE-REST", {1: 1, 2: 1})
    with steps.sessions.begin() as session:
        session.get_one(ReturnRow, rest.return_id).refund_to = "store_credit"

    # when
    steps.return_refunds.refund_return(rest)

    # then nothing remains, and canceling the order refunds nothing more
    assert recorded(steps) == [PRICE.minor_units]
    assert [credit.amount_minor for credit in credits(steps)] == [(PAID - PRICE).minor_units]
    assert steps.refunds.refund_order(steps.undo(steps.order_id)).done
    assert recorded(steps) == [PRICE.minor_units]
    assert points_reported(steps) == 0
    assert verify(steps.sessions).clean


@pytest.mark.parametrize(
    ("terms", "wish", "decided", "goes"),
    [
        ({}, None, "", "original"),
        ({"refund_to": "store_credit"}, None, "", "store_credit"),
        ({"refund_to": "store_credit"}, "original", "", "original"),
        ({}, "store_credit", "original", "original"),
        ({}, None, "store_credit", "store_credit"),
    ],
)
def test_the_refund_target_is_chosen_by_staff_then_the_customer_then_the_terms(
    terms: dict[str, str], wish: str | None, decided: str, goes: str, steps: Steps
) -> None:
    agree(steps, **terms).up_to("end_order").requests.open_return(steps.requested(kind="warranty", refund_to=wish))

    steps.requests.decide_return(CaseDecision(steps.case, True, "sun", refund_to=decided))

    assert row_of(steps).refund_to == goes


def test_a_reshipped_warranty_case_expects_no_goods_back(steps: Steps) -> None:
    # given
    steps.up_to("end_order").requests.open_return(steps.requested(lines={2: 1}, kind="warranty"))
    steps.requests.decide_return(CaseDecision(steps.case, True, "sun", remedy="reship"))
    steps.returns.record_goods(RecordGoodsRequest(steps.case, "delivered"))

    # when
    placed = steps.follow_ups.place_follow_up(PlaceFollowUpRequest(steps.case))

    # then
    assert steps.follow_ups.send_follow_up(SendFollowUpRequest(steps.case)) == placed
    assert row_of(steps).moved_minor == PRICE.minor_units
    assert verify(steps.sessions).clean


def test_cross_border_goods_are_not_replaced(steps: Steps) -> None:
    steps.up_to("end_order").requests.open_return(steps.requested(kind="warranty"))
    steps.requests.decide_return(CaseDecision(steps.case, True, "sun", remedy="exchange"))
    with steps.sessions.begin() as session:
        session.get_one(OrderRow, steps.order_id).import_minor = 1

    placed = steps.follow_ups.place_follow_up(PlaceFollowUpRequest(steps.case))

    assert placed.refusal == "goods that crossed the border are returned, not exchanged"


@pytest.mark.parametrize("refund_to", ["original", "store_credit"])
def test_spent_points_are_deducted_from_the_refund(refund_to: str, steps: Steps, crm: httpx2.Client) -> None:
    # given a customer who got 67 points, spent 60, and returns a lamp that gave 20
    mine = customer_who_spent(agree(steps, points="deduct"), crm, 60)

    # when
    row = came_back(mine, refund_to=refund_to)

    # then the 13 that are missing are deducted, and the other 7 are taken back
    assert (row.fees, row.points_spent) == ({"points_spent": 13}, 13)
    assert row.refund_minor == PRICE.minor_units - 13
    assert points_reported(mine) == 60
    assert verify(steps.sessions).clean


@pytest.mark.parametrize(
    ("terms", "spent"), [({"points": "negative"}, 60), ({"points": "deduct"}, 0), ({"points": "deduct"}, 40)]
)
def test_no_points_are_deducted_if_enough_remain_or_the_balance_is_unknown_or_may_be_negative(
    terms: dict[str, str], spent: int, steps: Steps, crm: httpx2.Client
) -> None:
    mine = customer_who_spent(agree(steps, **terms), crm, spent)

    row = came_back(mine)

    assert (row.fees, row.refund_minor, points_reported(mine)) == ({}, PRICE.minor_units, 67 - 20)


def test_spent_points_are_deducted_once_over_two_cases(steps: Steps, crm: httpx2.Client) -> None:
    # given a customer who spent everything
    mine = customer_who_spent(agree(steps, points="deduct"), crm, 67)
    came_back(mine)

    # when the rest comes back as well
    mine.return_refunds.refund_return(come_in(mine, "CASE-REST", {1: 1, 2: 1}))

    # then all 67 points are deducted, and the customer keeps what they spent
    with mine.sessions() as session:
        cases = session.scalars(select(ReturnRow).where(ReturnRow.order_id == mine.order_id)).all()
    assert sum(case.points_spent for case in cases) == sum(case.fees["points_spent"] for case in cases) == 67
    assert sum(recorded(mine)) == PAID.minor_units - 67
    assert points_reported(mine) == 67
    assert verify(steps.sessions).clean


def test_a_refund_waits_for_the_crm_and_asks_it_once_only(
    steps: Steps, crm: httpx2.Client, unreachable: PartnerHttp
) -> None:
    # given
    mine = customer_who_spent(agree(steps, points="deduct"), crm, 60)
    mine.up_to("end_order")
    step, desk = come_in(mine, "CASE-1", {2: 1}), mine.return_refunds.points
    up, desk.crm = desk.crm, Crm(unreachable)

    # when
    with pytest.raises(PartnerTrouble):
        mine.return_refunds.refund_return(step)

    # then no amount is decided until the CRM answers
    assert row_of(mine).value_minor is None
    desk.crm = up
    first = mine.return_refunds.refund_return(step)
    desk.crm = Crm(unreachable)
    assert mine.return_refunds.refund_return(step) == first
    assert Money(first.refunded_minor, "CNY") == PRICE - Money(13, "CNY")


def test_a_refused_refund_asks_the_crm_for_points_again(steps: Steps, crm: httpx2.Client) -> None:
    # given a refund that the gateway refuses
    mine = customer_who_spent(agree(steps, points="deduct"), crm, 60)
    mine.up_to("end_order")
    come_in(mine, "CASE-1", {2: 1})
    with mine.sessions.begin() as session:
        order = session.get_one(OrderRow, mine.order_id)
        right, order.payment_reference = order.payment_reference, "ALI-NOBODY-KNOWS"
        customer = order.customer_id
    assert mine.return_refunds.refund_return(RefundReturnRequest(mine.case, 1)).refusal
    assert (row_of(mine).fees, row_of(mine).points_spent) == ({}, 0)

    # when three more points are spent before it is tried again
    crm.post("/points-spent", json={"customer_id": customer, "points": 3})
    with mine.sessions.begin() as session:
        session.get_one(OrderRow, mine.order_id).payment_reference = right
    mine.return_refunds.refund_return(RefundReturnRequest(mine.case, 2))

    # then
    assert row_of(mine).fees == {"points_spent": 16}


def test_two_concurrent_credits_give_no_more_than_was_paid(steps: Steps) -> None:
    # given a case of all units and a claim for the whole amount; the claim is paid first
    steps.up_to("end_order")
    everything = come_in(steps, "CASE-ALL", {1: 2, 2: 1})
    claim: dict[str, Any] = {"kind": "claim", "lines": {}, "amount": PAID.text, "refund_to": "store_credit"}
    steps.requests.open_return(steps.requested("CASE-CLAIM", **claim))
    name = return_id(steps.order_id, "CASE-CLAIM")
    steps.requests.decide_return(CaseDecision(name, True, "sun"))

    # when
    first = steps.return_refunds.refund_return(RefundReturnRequest(name, 1))
    second = steps.return_refunds.refund_return(everything)

    # then
    assert (first.refunded_minor, second.refunded_minor) == (PAID.minor_units, 0)
    with steps.sessions() as session:
        kinds = session.scalars(select(MoneyMovementRow.kind).where(MoneyMovementRow.order_id == steps.order_id))
        assert sorted(kinds) == ["captured", "credited"]
    assert verify(steps.sessions).clean
