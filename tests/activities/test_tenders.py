"""Several tenders of one order: each is asked of whoever knows it, and booked apart from the order's own payment."""

import itertools
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import select

from activities.audit import AuditRequest
from activities.audit_findings import AuditResult
from activities.holds import Expired, Expiry
from commands.parameters import set_parameter
from commands.verify import verify
from domain.money import Money
from domain.presale import BALANCE_DUE
from domain.tenders import Tender, TenderKind
from models.order import OrderRow
from models.payment import MoneyMovementRow, PaymentRow, StoreCreditRow
from record import money
from record.orders import payment_claims, refund_shares
from record.returns.store_credits import IssuedCredit, issue
from tests.activities.story import Steps
from tests.factories import an_order, events_of, place_orders

CNY, YEARS_AGO = "CNY", datetime(2020, 1, 1, tzinfo=UTC)
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


def balance_of(steps: Steps, minor: int, kind: str = "store_credit") -> StoreCreditRow:
    """A new balance of this much."""
    with steps.sessions.begin() as session:
        wanted = IssuedCredit(f"TEST-{next(_numbers)}", kind, "", Money(minor, CNY), "lin")
        return issue(session, wanted)[0]


def of_balance(number: int, credit: StoreCreditRow, minor: int) -> Tender:
    return Tender(number, TenderKind(credit.kind), credit.credit_id, Money(minor, CNY))


def left_of(steps: Steps, credit: StoreCreditRow) -> int:
    with steps.sessions() as session:
        row = session.get_one(StoreCreditRow, credit.code)
        return row.amount_minor - row.spent_minor


def test_a_balance_is_spent_by_the_audit_once_and_given_back_when_the_order_ends(steps: Steps) -> None:
    # given
    credit = balance_of(steps, 50_00)
    order = tendered(steps, of_balance(1, credit, 30_00))

    # when
    results = [audited(order, revision) for revision in (1, 2)]
    spent = left_of(order, credit)
    undone = [order.refunds.refund_order(order.undo("payment")) for _ in range(2)]

    # then
    assert [result.verdict for result in results] == ["pass", "pass"]
    assert spent == 20_00
    assert [one.done for one in undone] == [True, True]
    assert left_of(order, credit) == 50_00
    assert moved(order).count(("refunded", 30_00, credit.credit_id)) == 1
    assert verify(order.sessions).clean


def test_two_orders_at_once_never_overdraw_a_balance(steps: Steps) -> None:
    # given six orders that each want 30 of the 100 that are left
    credit = balance_of(steps, 100_00)
    orders = [tendered(steps, of_balance(1, credit, 30_00)) for _ in range(6)]

    # when they are audited at once
    with ThreadPoolExecutor(6) as threads:
        verdicts = Counter(result.verdict for result in threads.map(audited, orders))

    # then
    assert verdicts == {"pass": 3, "hold": 3}
    assert left_of(steps, credit) == 10_00


@pytest.mark.parametrize(
    ("kind", "minor"), [("store_credit", 30_01), ("gift_card", 10_00)], ids=["too_little_left", "another_kind"]
)
def test_a_balance_that_does_not_serve_holds_the_order_and_keeps_everything(
    kind: str, minor: int, steps: Steps
) -> None:
    # given
    credit = balance_of(steps, 30_00)
    order = tendered(steps, Tender(1, TenderKind(kind), credit.credit_id, Money(minor, CNY)))

    # then
    assert audited(order).open.codes == ["PAYMENT"]
    assert left_of(order, credit) == 30_00


def test_an_ended_order_spends_nothing(steps: Steps) -> None:
    # given
    credit = balance_of(steps, 30_00)
    order = tendered(steps, of_balance(1, credit, 30_00))
    with order.sessions.begin() as session:
        session.get_one(OrderRow, order.order_id).status = "canceled"

    # when an audit comes late
    audited(order)

    # then
    assert left_of(order, credit) == 30_00


@pytest.mark.parametrize(
    ("stated", "first"),
    [(None, ["CARD", ""]), (["store_credit"], ["CREDIT", "CARD"]), (["gift_card", "gateway"], ["CARD", ""])],
    ids=["by_default", "credit_first", "kinds_that_are_left_out"],
)
def test_a_refund_takes_the_payments_in_the_stated_order(
    stated: list[str] | None, first: list[str], steps: Steps
) -> None:
    # given an order that a card, a store credit and its own payment have paid
    if stated:
        set_parameter(steps.sessions, "refund_order", {"*": stated}, YEARS_AGO, None, "a meeting", "sun")
    second, credit = card(1, 10_00), balance_of(steps, 5_00)
    order = tendered(steps, second, of_balance(2, credit, 5_00))
    audited(order)
    names = {second.reference: "CARD", credit.credit_id: "CREDIT", "": ""}

    # when
    with order.sessions() as session:
        row = session.get_one(OrderRow, order.order_id)
        some = refund_shares.shares(session, row, Money(11_00, CNY))
        everything = refund_shares.shares(session, row, TOTAL)

    # then
    assert [names[reference] for reference, _ in some] == first
    assert {names[reference]: part.minor_units for reference, part in everything} == {
        "CARD": 10_00,
        "CREDIT": 5_00,
        "": TOTAL.minor_units - 15_00,
    }


def test_what_one_payment_refuses_keeps_no_other_from_giving_back(steps: Steps, address: str) -> None:
    # given an order whose second card has been charged back at the gateway
    second, credit = card(1, 10_00), balance_of(steps, 5_00)
    order = tendered(steps, second, of_balance(2, credit, 5_00))
    audited(order)
    gone = {"reference": second.reference, "amount": "10.00", "currency": CNY, "status": "failed"}
    httpx2.post(f"{address}/payments/payments", json=gone).raise_for_status()

    # when the order is undone
    undone = order.refunds.refund_order(order.undo("payment"))

    # then a person hears of the card, and everything else is back
    assert not undone.done
    back = {reference: minor for kind, minor, reference in moved(order) if kind == "refunded"}
    assert back == {credit.credit_id: 5_00, "": TOTAL.minor_units - 15_00}


def presale(steps: Steps, due: timedelta, **terms: Any) -> tuple[Steps, Tender]:
    """An order with a deposit of 20 yuan that is paid, and the rest due later."""
    set_parameter(steps.sessions, "presale", {"*": terms}, YEARS_AGO, None, "the rules of 11.11", "sun")
    amount = Money(TOTAL.minor_units - 20_00, CNY)
    name, due_at = f"PAY-BALANCE-{next(_numbers)}", datetime.now(UTC) + due
    balance = Tender(1, TenderKind.GATEWAY, name, amount, due_at=due_at)
    return tendered(steps, balance), balance


def expire(steps: Steps) -> Expired:
    return steps.holds.expire_holds(Expiry(steps.order_id, (datetime.now(UTC) + timedelta(days=20)).timestamp()))


def test_a_presale_waits_for_its_balance_without_a_promise(steps: Steps) -> None:
    # given a deposit
    order, _ = presale(steps, timedelta(days=10), stock="kept")

    # when
    waiting = audited(order)
    with order.sessions() as session:
        promised = session.get_one(OrderRow, order.order_id).promised_ship_by

    # then it is held until its day, without a promise
    assert (waiting.open.codes, waiting.presale_stock, promised) == ([BALANCE_DUE], "kept", None)
    assert abs(waiting.open.expire - (datetime.now(UTC) + timedelta(days=10)).timestamp()) < 60


@pytest.mark.parametrize(("terms", "kept"), [("returned", 0), ("forfeited", 20_00)])
def test_a_deposit_whose_balance_never_came_is_returned_or_forfeited(terms: str, kept: int, steps: Steps) -> None:
    # given
    order, _ = presale(steps, timedelta(days=1), deposit=terms)
    audited(order)

    # when its day is over, twice
    over = [expire(order) for _ in range(2)]
    for _ in range(2):
        assert order.refunds.refund_order(order.undo("payment")).done

    # then the order ends, and the deposit is with whom the terms say
    assert all("BALANCE_DUE was not released in time" in one.cancel for one in over)
    sums = Counter[str]()
    for kind, minor, _ in moved(order):
        sums[kind] += minor
    assert sums == Counter(captured=20_00) + Counter(forfeited=kept) + Counter(refunded=20_00 - kept)
    assert ("deposit.forfeited" in events_of(order.sessions, order.order_id)) == bool(kept)


def test_a_balance_that_comes_as_its_day_ends_is_not_lost(steps: Steps) -> None:
    # given
    order, balance = presale(steps, timedelta(days=1), deposit="forfeited")
    audited(order)

    # when it is captured before the hold expires
    with order.sessions.begin() as session:
        payment_claims.capture(session, balance.reference, balance.amount)
    over = expire(order)

    # then the order goes on
    assert (over.cancel, over.left.codes) == ("", [])
    assert "forfeited" not in [kind for kind, _, _ in moved(order)]


def test_a_shop_that_cancels_returns_the_deposit_whatever_the_terms(steps: Steps) -> None:
    # given
    order, _ = presale(steps, timedelta(days=1), deposit="forfeited")
    audited(order)

    # when
    assert order.refunds.refund_order(order.undo("payment")).done

    # then
    assert ("refunded", 20_00, "") in moved(order)


def test_money_of_a_balance_after_the_end_goes_back_and_the_forfeited_deposit_does_not(steps: Steps) -> None:
    # given an order that ended without its balance
    order, balance = presale(steps, timedelta(days=1), deposit="forfeited")
    audited(order)
    expire(order)
    with order.sessions.begin() as session:
        row = session.get_one(OrderRow, order.order_id)
        row.status, row.ended_at = "canceled", datetime.now(UTC)
        payment_claims.capture(session, balance.reference, balance.amount)

    # when
    with order.sessions() as session:
        due = money.due_back(session, order.order_id)

    # then
    assert due == [balance.amount]
