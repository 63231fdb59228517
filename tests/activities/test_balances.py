"""Balances of ours as tenders: spent once, never beyond what is left, and given back."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from commands.verify import verify
from domain.money import Money
from domain.tenders import Tender, TenderKind
from models.order import OrderRow
from tests.activities.story import Steps
from tests.activities.tendering import CNY, audited, balance_of, left_of, moved, of_balance, tendered


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
