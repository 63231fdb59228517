"""Tenders in any order of events: each is captured once, gives back no more than it paid, and no cent is lost."""

from collections import Counter
from dataclasses import replace
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from activities.audit import AuditRequest
from activities.payments import refund
from activities.settlement import Settlement
from commands import verify_money
from domain.money import Money
from domain.tenders import BALANCES, Tender, TenderKind
from models.order import OrderRow
from models.payment import MoneyMovementRow, StoreCreditRow
from models.refunds import RefundTaskRow
from record.order_mapping import order_of
from record.orders import payment_claims, refund_tasks
from record.returns.store_credits import IssuedCredit, issue
from tests.activities.conftest import address, partners, steps
from tests.activities.story import Steps
from tests.conftest import EXAMPLES
from tests.factories import an_order, place_orders

__all__ = ["address", "partners", "steps"]
CNY = "CNY"
GRANTED = 20_00
_numbers = count(1)

TENDERS = st.lists(st.tuples(st.sampled_from(list(TenderKind)), st.integers(1, 18_00)), min_size=1, max_size=3)
ACTS = st.lists(
    st.one_of(
        st.sampled_from([("audit", 0), ("tell", 0), ("undo", 0), ("settle", 0), ("pay_by_hand", 0)]),
        st.tuples(st.just("refund"), st.integers(1, 30_00)),
    ),
    min_size=2,
    max_size=7,
)


class Shop:
    """One order with these tenders, and what may happen to its money."""

    def __init__(self, steps: Steps, tenders: list[tuple[TenderKind, int]]) -> None:
        self.credits = dict[str, str]()
        named = tuple([self._tender(steps, number, *one) for number, one in enumerate(tenders, 1)])
        order = an_order(tenders=named)
        own = f"{order.payment_reference.partition(':')[0]}-OWN:{order.own_due.text}:CNY"
        self.order = replace(order, payment_reference=own)
        [order_id] = place_orders(steps.sessions, [self.order])
        self.steps = replace(steps, order_id=order_id, stored={})
        self.audits = 0

    def _tender(self, steps: Steps, number: int, kind: TenderKind, minor: int) -> Tender:
        amount, name = Money(minor, CNY), next(_numbers)
        reference = f"PAY-T{name}:{amount.text}:CNY" if kind is TenderKind.GATEWAY else f"POINTS-{name}"
        if kind in BALANCES:
            with steps.sessions.begin() as session:
                row, _ = issue(session, IssuedCredit(f"P-{name}", kind, "", Money(GRANTED, CNY), "lin"))
                reference = row.credit_id
                self.credits[reference] = row.code
        return Tender(number, kind, reference, amount, collected=kind is TenderKind.PLATFORM)

    def audit(self, _: int) -> None:
        self.audits += 1
        self.steps.audit.audit_order(AuditRequest(self.steps.order_id, self.audits))

    def tell(self, _: int) -> None:
        """The gateway tells of every payment of its own, again and again."""
        told = [(self.order.payment_reference, self.order.own_due)]
        told += [(one.reference, one.amount) for one in self.order.tenders if one.kind is TenderKind.GATEWAY]
        for reference, amount in told:
            with self.steps.sessions.begin() as session:
                payment_claims.capture(session, reference, amount)

    def refund(self, minor: int) -> None:
        """Twice under one key: what is left is asked for once."""
        with self.steps.sessions() as session:
            order = order_of(session, self.steps.order_id)
        key = f"{self.steps.order_id}:refund:{next(_numbers)}"
        for _ in range(2):
            refund(self.steps.sessions, self.steps.refunds.ways, order, Money(minor, CNY), "why", key, subject=key)

    def undo(self, _: int) -> None:
        assert self.steps.refunds.refund_order(self.steps.undo("payment")).done
        with self.steps.sessions.begin() as session:
            session.get_one(OrderRow, self.steps.order_id).status = "canceled"

    def settle(self, _: int) -> None:
        Settlement(self.steps.sessions, self.steps.refunds.ways).settle_payment(self.steps.order_id)

    def pay_by_hand(self, _: int) -> None:
        mine = RefundTaskRow.order_id == self.steps.order_id, RefundTaskRow.done_at.is_(None)
        with self.steps.sessions.begin() as session:
            for task in session.scalars(select(RefundTaskRow).where(*mine)).all():
                refund_tasks.pay(session, task, task.amount_minor, "BANK-1", "lin")

    def moved(self) -> Counter[tuple[str, str]]:
        mine = select(MoneyMovementRow).where(MoneyMovementRow.order_id == self.steps.order_id)
        found = Counter[tuple[str, str]]()
        with self.steps.sessions() as session:
            for row in session.scalars(mine):
                found[row.kind, row.key.partition("@")[2]] += row.amount_minor
        return found


@pytest.mark.parametrize("ends", ["open", "undone"])
@settings(max_examples=max(3, EXAMPLES // 6), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tenders=TENDERS, acts=ACTS)
def test_sums_by_tender_are_exact(
    ends: str, steps: Steps, tenders: list[tuple[TenderKind, int]], acts: list[tuple[str, int]]
) -> None:
    # given
    shop = Shop(steps, tenders)

    # when
    for act, minor in acts:
        getattr(shop, act)(minor)
    if ends == "undone":
        for last in ("undo", "settle", "pay_by_hand"):
            getattr(shop, last)(0)

    # then each payment is captured once and gives back no more than that; undone, exactly that
    moved = shop.moved()
    due = {"": shop.order.own_due.minor_units} | {one.reference: one.amount.minor_units for one in shop.order.tenders}
    for reference, minor in due.items():
        captured, back = moved["captured", reference], moved["refunded", reference]
        assert captured in (0, minor)
        assert back <= captured
        assert ends == "open" or back == captured

    # and each balance has spent what its orders hold of it
    with shop.steps.sessions() as session:
        for reference, code in shop.credits.items():
            row = session.get_one(StoreCreditRow, code)
            assert row.spent_minor == moved["captured", reference] - moved["refunded", reference]
        for check in (verify_money.MONEY, verify_money.BY_PAYMENT, verify_money.BALANCES, verify_money.SPENT):
            assert [row.id for row in session.execute(text(check)) if row.wrong] == []
