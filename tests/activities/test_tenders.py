"""Several tenders of one order: each is asked of whoever knows it, and booked apart from the order's own payment."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sqlalchemy import select

from activities.audit import AuditRequest
from activities.audit_findings import AuditResult
from commands.verify import verify
from domain.money import Money
from domain.tenders import Tender, TenderKind
from models.payment import MoneyMovementRow, PaymentRow
from record.orders import payment_claims
from tests.activities.story import Steps
from tests.factories import an_order, place_orders

CNY = "CNY"
TOTAL = an_order().grand_total
_numbers = itertools.count(1)


def card(number: int, minor: int, status: str = "", **more: Any) -> Tender:
    """A second card: by its reference the gateway knows that it paid, or is in some trouble."""
    amount = Money(minor, CNY)
    return Tender(number, TenderKind.GATEWAY, f"PAY-CARD-{next(_numbers)}{status}:{amount.text}:CNY", amount, **more)


def points(number: int, minor: int, *, collected: bool = True, **more: Any) -> Tender:
    amount = Money(minor, CNY)
    return Tender(number, TenderKind.PLATFORM, f"POINTS-{number}", amount, "points", collected=collected, **more)


def tendered(steps: Steps, *tenders: Tender, **changes: Any) -> Steps:
    """Another order, whose own payment is of what its tenders leave."""
    order = an_order(tenders=tenders)
    own = order.own_due
    own_payment = {"payment_reference": f"{order.payment_reference.partition(':')[0]}:{own.text}:CNY"}
    order = replace(order, **own_payment | changes)
    [order_id] = place_orders(steps.sessions, [order])
    return replace(steps, order_id=order_id, stored={})


def audited(steps: Steps, revision: int = 1) -> AuditResult:
    return steps.audit.audit_order(AuditRequest(steps.order_id, revision))


def moved(steps: Steps) -> list[tuple[str, int, str]]:
    with steps.sessions() as session:
        mine = select(MoneyMovementRow).where(MoneyMovementRow.order_id == steps.order_id)
        rows = session.scalars(mine.order_by(MoneyMovementRow.movement_id))
        return [(row.kind, row.amount_minor, row.key.partition("@")[2]) for row in rows]


def test_each_tender_is_booked_apart_and_together_they_pay_for_the_order(steps: Steps) -> None:
    # given
    second, third = card(1, 10_00), points(2, 5_00)
    order = tendered(steps, second, third)

    # when it is audited, twice
    results = [audited(order, revision) for revision in (1, 2)]

    # then
    assert [result.verdict for result in results] == ["pass", "pass"]
    assert sorted(moved(order)) == sorted(
        [
            ("captured", 10_00, second.reference),
            ("captured", 5_00, third.reference),
            ("captured", TOTAL.minor_units - 15_00, ""),
        ]
    )
    assert verify(order.sessions).clean


def test_an_order_whose_tenders_pay_everything_needs_no_payment_of_its_own(steps: Steps) -> None:
    order = tendered(steps, points(1, TOTAL.minor_units), payment_reference="")
    assert audited(order) == AuditResult("pass")


def test_a_tender_that_is_not_paid_holds_the_order_until_it_is(steps: Steps, ask: Callable[..., Any]) -> None:
    # given a card that the gateway has not settled, and points that the channel has not collected
    order = tendered(steps, card(1, 10_00, "-PAYMENT-UNSETTLED"), points(2, 5_00, collected=False))

    # when
    result = audited(order)

    # then
    assert result.open.codes == ["PAYMENT"]
    assert moved(order) == [("captured", TOTAL.minor_units - 15_00, "")]


def test_the_webhook_of_a_tender_books_it_for_its_order_once(steps: Steps) -> None:
    # given
    second = card(1, 10_00)
    order = tendered(steps, second)

    # when the gateway tells of it before the audit asks
    with order.sessions.begin() as session:
        told = payment_claims.capture(session, second.reference, second.amount)
    audited(order)

    # then
    assert told is not None
    assert told.order_id == order.order_id
    assert moved(order).count(("captured", 10_00, second.reference)) == 1


def test_a_tender_belongs_to_the_order_that_named_it_first(steps: Steps) -> None:
    # given one order that pays with a card, and one that names the same card as a tender
    second = card(1, 10_00)
    first, hostile = tendered(steps, second), tendered(steps, second)

    # when
    results = audited(hostile), audited(first)

    # then
    assert [result.verdict for result in results] == ["hold", "pass"]
    assert results[0].open.codes == ["PAYMENT_TAKEN"]
    with steps.sessions() as session:
        assert session.get_one(PaymentRow, second.reference).order_id == first.order_id
