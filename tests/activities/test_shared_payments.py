"""One payment of several orders: each has its part by name, and no more."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import httpx2
import pytest
from sqlalchemy import select, text

from activities.audit import AuditRequest
from activities.audit_findings import AuditResult
from commands import verify_money
from models.order import OrderRow
from models.payment import MoneyMovementRow
from record.orders import payment_claims
from tests.activities.story import Steps
from tests.factories import an_order, place_orders

CNY = "CNY"
PART = an_order().grand_total


def sharing(steps: Steps, reference: str, *, shared: bool = True) -> Steps:
    [order_id] = place_orders(steps.sessions, [an_order(payment_reference=reference, shared_payment=shared)])
    return replace(steps, order_id=order_id, stored={})


def audited(steps: Steps, revision: int = 1) -> AuditResult:
    return steps.audit.audit_order(AuditRequest(steps.order_id, revision))


def moved(steps: Steps) -> list[tuple[str, int]]:
    mine = select(MoneyMovementRow).where(MoneyMovementRow.order_id == steps.order_id)
    with steps.sessions() as session:
        rows = session.scalars(mine.order_by(MoneyMovementRow.movement_id))
        return [(row.kind, row.amount_minor) for row in rows]


def assert_parts_are_exact(steps: Steps) -> None:
    with steps.sessions() as session:
        for check in (verify_money.PARTS, verify_money.CAPTURED_ONCE, verify_money.MONEY):
            assert [row.id for row in session.execute(text(check)) if row.wrong] == []


def test_each_order_has_its_part_and_is_paid_back_no_more(steps: Steps) -> None:
    # given a payment of two orders
    reference = f"PAY-BOTH-1:{(PART * 2).text}:CNY"
    first, second = sharing(steps, reference), sharing(steps, reference)

    # when both are audited, and the gateway tells of all of it
    results = [audited(one).verdict for one in (first, second)]
    with steps.sessions.begin() as session:
        told = payment_claims.capture(session, reference, PART * 2, second.order_id)
    undone = [first.refunds.refund_order(first.undo("payment")) for _ in range(2)]

    # then
    assert results == ["pass", "pass"]
    assert told is not None
    assert told.order_id == second.order_id
    assert [one.done for one in undone] == [True, True]
    assert moved(first) == [("captured", PART.minor_units), ("refunded", PART.minor_units)]
    assert moved(second) == [("captured", PART.minor_units)]
    assert_parts_are_exact(steps)


def test_orders_at_once_never_share_more_than_the_payment(steps: Steps) -> None:
    # given four orders that name a payment for three
    reference = f"PAY-THREE:{(PART * 3).text}:CNY"
    orders = [sharing(steps, reference) for _ in range(4)]

    # when
    with ThreadPoolExecutor(4) as threads:
        results = list(threads.map(audited, orders))

    # then
    assert sorted(result.verdict for result in results) == ["hold", "pass", "pass", "pass"]
    assert [code for result in results for code in result.open.codes] == ["PAYMENT_TAKEN"]
    assert_parts_are_exact(steps)


@pytest.mark.parametrize("first", ["whole", "part"])
def test_a_payment_is_of_one_order_or_of_several_and_never_both(first: str, steps: Steps) -> None:
    # given
    reference = f"PAY-EITHER-{first}:{PART.text}:CNY"
    whole, part = sharing(steps, reference, shared=False), sharing(steps, reference)

    # when
    for one in (whole, part) if first == "whole" else (part, whole):
        audited(one)

    # then the first claim decides
    assert bool(moved(whole)) == (first == "whole")
    assert bool(moved(part)) == (first == "part")
    assert_parts_are_exact(steps)


def test_a_shared_payment_that_comes_later_is_booked_for_each(steps: Steps, address: str) -> None:
    # given a payment of two orders that is not captured yet
    reference = "SHARED-LATER"
    payment = {"reference": reference, "amount": (PART * 2).text, "currency": CNY, "status": "pending"}
    httpx2.post(f"{address}/payments/payments", json=payment).raise_for_status()
    orders = [sharing(steps, reference) for _ in range(2)]
    held = [audited(one).open.codes for one in orders]

    # when the gateway tells of it
    with steps.sessions.begin() as session:
        payment_claims.capture(session, reference, PART * 2)

    # then
    assert held == [["PAYMENT"], ["PAYMENT"]]
    assert [moved(one) for one in orders] == [[("captured", PART.minor_units)]] * 2
    with steps.sessions() as session:
        assert session.get_one(OrderRow, orders[0].order_id).shared_payment
