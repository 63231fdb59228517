"""Money in any order of events: exact to the cent, nothing captured beyond what was reserved, nor paid back beyond what
was captured."""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from activities.audit import AuditRequest
from activities.capturing import CaptureStep
from activities.outcome import Ending
from activities.payment_links import LinkRequest
from activities.settlement import Settlement
from activities.shortages import Repayment
from commands.parameters import set_parameter
from domain.editing.totals import worth
from domain.editing.wanted import WantedEdit
from domain.money import Money
from domain.returns.refunds import paid_by_unit
from models.authorization import AuthorizationRow
from models.fulfillment import FulfillmentLineRow, FulfillmentOrderRow
from models.order import OrderLineRow, OrderRow
from models.payment import MoneyMovementRow
from record.order_mapping import load_order
from tests.activities.conftest import address, partners, steps
from tests.activities.story import Steps, make_edit
from tests.factories import LAMP, TEACUP, place_order

__all__ = ["address", "partners", "steps"]
LINES = ((LAMP, 3), (TEACUP, 2))
SKUS = [sku for sku, _ in LINES]
_edits = count(1)

EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("send"), st.sampled_from(SKUS), st.integers(1, 2)),
        st.tuples(st.just("lose"), st.integers(0, 5), st.just(0)),
        st.tuples(st.just("cancel"), st.sampled_from(SKUS), st.just(1)),
        st.tuples(st.just("discount"), st.integers(1, 900), st.just(0)),
        st.tuples(st.just("charge"), st.integers(801, 1500), st.just(0)),
    ),
    min_size=2,
    max_size=9,
)


@dataclass
class Shop:
    """One order whose money is reserved, its parcels on the road, and the units that are still to be sent."""

    steps: Steps
    left: Counter[str] = field(default_factory=lambda: Counter(dict(LINES)))
    road: dict[str, Counter[str]] = field(default_factory=dict)
    parcels: int = 0

    def send(self, sku: str, units: int) -> None:
        units = min(units, self.left[sku])
        if not units:
            return
        self.parcels += 1
        name = f"{self.steps.order_id}-{self.parcels}"
        with self.steps.sessions.begin() as session:
            where = {"order_id": self.steps.order_id, "location_id": "HANGZHOU", "reason": "near", "status": "packed"}
            session.add(FulfillmentOrderRow(fulfillment_order_id=name, number=self.parcels, **where))
            session.flush()
            session.add(FulfillmentLineRow(fulfillment_order_id=name, sku=sku, quantity=units, allocated=0))
        assert self.steps.captures.capture_goods(CaptureStep(self.steps.order_id, name)).refusal == ""
        with self.steps.sessions.begin() as session:
            session.get_one(FulfillmentOrderRow, name).status = "shipped"
        self.left[sku] -= units
        self.road[name] = Counter({sku: units})

    def lose(self, which: int, _: int) -> None:
        """A parcel is given up: its goods are to be sent again."""
        if not self.road:
            return
        name = sorted(self.road)[which % len(self.road)]
        with self.steps.sessions.begin() as session:
            session.get_one(FulfillmentOrderRow, name).status = "canceled"
        self.left += self.road.pop(name)

    def cancel(self, sku: str, _: int) -> None:
        """A unit that is still to be sent is canceled, and what was paid for it comes back."""
        if self.left[sku] < 1 or (self.left.total() < 2 and not self.road):
            return
        with self.steps.sessions.begin() as session:
            order = load_order(session, self.steps.order_id)
            mine = OrderLineRow.order_id == self.steps.order_id, OrderLineRow.sku == sku
            line = session.scalars(select(OrderLineRow).where(*mine)).one()
            price = paid_by_unit(order)[line.line_no][line.withdrawn].minor_units
            line.withdrawn += 1
            line.canceled += 1
        self.left[sku] -= 1
        self._repay(price)

    def discount(self, minor: int, _: int) -> None:
        self._edit(discount=minor)

    def charge(self, minor: int, _: int) -> None:
        self._edit(shipping=minor)

    def end(self) -> None:
        """Send what is left, and end the order."""
        for sku in SKUS:
            self.send(sku, self.left[sku])
        with self.steps.sessions.begin() as session:
            session.get_one(OrderRow, self.steps.order_id).status = "in_progress"
        self.steps.outcome.end_order(Ending(self.steps.order_id, "completed", "everything was delivered"))
        Settlement(self.steps.sessions, self.steps.refunds.ways).settle_payment(self.steps.order_id)

    def holds_true(self) -> None:
        """Nothing is captured beyond what is reserved, nor paid back beyond what was captured."""
        with self.steps.sessions() as session:
            reserved = session.get_one(AuthorizationRow, self.steps.order_id).amount_minor
        assert self.sum_of("refunded") <= self.sum_of("captured") <= reserved

    def sum_of(self, kind: str) -> int:
        amounts = func.coalesce(func.sum(MoneyMovementRow.amount_minor), 0)
        mine = MoneyMovementRow.order_id == self.steps.order_id, MoneyMovementRow.kind == kind
        with self.steps.sessions() as session:
            return int(session.scalar(select(amounts).where(*mine)) or 0)

    def costs(self) -> int:
        with self.steps.sessions() as session:
            lines = select(OrderLineRow).where(OrderLineRow.order_id == self.steps.order_id)
            withdrawn = {line.line_no: line.withdrawn for line in session.scalars(lines)}
            # What was charged after everything had left is owed by a link, and not paid here.
            owed = session.get_one(OrderRow, self.steps.order_id).charge_minor
            return worth(load_order(session, self.steps.order_id), withdrawn).minor_units - owed

    def _edit(self, **amounts: int) -> None:
        wanted = WantedEdit(amounts={name: Money(minor, "CNY") for name, minor in amounts.items()})
        number = next(_edits)
        outcome = make_edit(self.steps, wanted, number, recalled=True)
        if outcome.charges:
            self.steps.links.tell_links(LinkRequest(self.steps.order_id, f"{self.steps.order_id}-E-{number}"))
        if outcome.repay_minor:
            self._repay(outcome.repay_minor)

    def _repay(self, minor: int) -> None:
        key = f"{self.steps.order_id}:refund:{next(_edits)}"
        self.steps.shortages.repay_lines(Repayment(self.steps.order_id, key, minor, "canceled"))


@pytest.fixture
def reserving(steps: Steps) -> Steps:
    terms = {"tmall": {"*": {"kind": "authorized"}}}
    set_parameter(steps.sessions, "payment_terms", terms, datetime(2020, 1, 1, tzinfo=UTC), None, "a contract", "sun")
    return steps


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=EVENTS)
def test_reserved_money_is_exact_in_any_order_of_events(reserving: Steps, events: list[Any]) -> None:
    # given an order of five goods and shipping, whose money is reserved
    order_id = place_order(reserving.sessions, LINES)
    with reserving.sessions.begin() as session:
        session.get_one(OrderRow, order_id).payment_reference = f"AUTH-{order_id}:107.95:CNY"
    shop = Shop(replace(reserving, order_id=order_id, stored={}))
    shop.steps.audit.audit_order(AuditRequest(order_id, 1))

    # when
    for name, what, number in events:
        getattr(shop, name)(what, number)
        shop.holds_true()
    shop.end()

    # then what stays with us is what the order costs, and everything else is free again
    shop.holds_true()
    assert shop.sum_of("captured") - shop.sum_of("refunded") == shop.costs()
    assert shop.sum_of("captured") + shop.sum_of("voided") == shop.sum_of("authorized")
