"""Deposit and balance as steps: held until the balance is in, and where the deposit goes when it never is."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from activities.holds import Expired, Expiry
from commands.parameters import set_parameter
from domain.money import Money
from domain.presale import BALANCE_DUE
from domain.tenders import Tender, TenderKind
from models.order import OrderRow
from record import money
from record.orders import payment_claims
from tests.activities.story import Steps
from tests.activities.tendering import CNY, NUMBERS, TOTAL, YEARS_AGO, audited, moved, tendered
from tests.factories import events_of


def presale(steps: Steps, due: timedelta, **terms: Any) -> tuple[Steps, Tender]:
    """An order with a deposit of 20 yuan that is paid, and the rest due later."""
    set_parameter(steps.sessions, "presale", {"*": terms}, YEARS_AGO, None, "the rules of 11.11", "sun")
    amount = Money(TOTAL.minor_units - 20_00, CNY)
    name, due_at = f"PAY-BALANCE-{next(NUMBERS)}", datetime.now(UTC) + due
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
