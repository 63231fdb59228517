"""Steps on the stock of a few orders, in any sequence and each perhaps twice, keep ledger and counters right."""

from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import func, select

from activities.progress import Reports
from activities.reserve import StockRequest, claim_stock
from domain.undo import UndoRequest
from models.fulfillment import FulfillmentLineRow, FulfillmentOrderRow, ShipmentRow
from models.stock import ReservationRow, StockRow
from record.sourcing.allocations import Work
from record.stock.changes import Adjustment, Transfer, book_adjustment, book_transfer
from record.stock.channel_shares import Quota, set_quotas
from record.stock.demand import UNDONE
from record.stock.mistakes import Mistake
from tests.activities.story import Steps
from tests.conftest import EXAMPLES
from tests.factories import (
    CHANNEL,
    an_order,
    assert_ledger_explains_stock,
    fresh_outlooks,
    place_orders,
    stock_shop,
    store_webhook,
)

PLACES = ("HANGZHOU", "CHENGDU")
UNITS = st.sampled_from([-2, -1, 1, 2])
MOST_LAMPS, YESTERDAY = 2, datetime.now(UTC) - timedelta(days=1)
ROUNDS = settings(max_examples=EXAMPLES // 5, stateful_step_count=14, suppress_health_check=[HealthCheck.too_slow])


@dataclass
class Buyer:
    """An order, its allocated work, and its rounds of claims so far."""

    order_id: str
    rounds: int = 0
    work: list[Work] = field(default_factory=list)


class Shop(RuleBasedStateMachine):
    """A shop with three lamps and two cups, and orders for more than that."""

    orders: Bundle[Buyer] = Bundle("orders")
    number = 0

    def __init__(self, steps: Steps) -> None:
        super().__init__()
        self.steps = steps

    @initialize(limited=st.booleans())
    def open(self, limited: bool) -> None:
        Shop.number += 1
        self.lamp, self.cup = f"ELEGANT-LAMP-{self.number}", f"QUIET-TEACUP-{self.number}"
        stock_shop(self.steps.sessions, {"HANGZHOU": {self.lamp: 2, self.cup: 2}, "CHENGDU": {self.lamp: 1}})
        self.units, self.changes, self.limited = {self.lamp: 3, self.cup: 2}, 0, limited
        if limited:
            with self.steps.sessions.begin() as session:
                set_quotas(session, CHANNEL, self.lamp, [Quota(MOST_LAMPS, YESTERDAY)])

    @rule(target=orders, lamps=st.integers(1, 3), cups=st.integers(0, 2))
    def order(self, lamps: int, cups: int) -> Buyer:
        lines = [(self.lamp, lamps), *([(self.cup, cups)] if cups else [])]
        return Buyer(*place_orders(self.steps.sessions, [an_order(lines)], "accepted"))

    @rule(buyer=orders, partial=st.booleans(), times=st.integers(1, 2))
    def reserve(self, buyer: Buyer, partial: bool, times: int) -> None:
        buyer.rounds += 1
        request = StockRequest(buyer.order_id, buyer.rounds, partial)
        answers = [self.steps.reserve.reserve_stock(request) for _ in range(times)]
        assert answers == answers[:1] * times

    @rule(buyers=st.lists(st.tuples(orders, st.booleans()), min_size=2, max_size=4), times=st.integers(1, 2))
    def reserve_together(self, buyers: list[tuple[Buyer, bool]], times: int) -> None:
        requests = []
        for buyer, partial in buyers:
            buyer.rounds += 1
            requests.append(StockRequest(buyer.order_id, buyer.rounds, partial))
        answers = []
        for _ in range(times):
            with self.steps.sessions.begin() as session:
                answers.append(claim_stock(session, requests, fresh_outlooks()))
        assert answers == answers[:1] * times

    @rule(sku=st.integers(0, 1), way=st.permutations(PLACES), units=st.integers(1, 2), times=st.integers(1, 2))
    def transfer(self, sku: int, way: list[str], units: int, times: int) -> None:
        self.changes += 1
        moved = Transfer(f"{self.lamp}-{self.changes}", *way, {[self.lamp, self.cup][sku]: units}, "to balance", "sun")
        for _ in range(times):
            with suppress(Mistake), self.steps.sessions.begin() as session:
                book_transfer(session, moved)

    @rule(sku=st.integers(0, 1), place=st.sampled_from(PLACES), units=UNITS, times=st.integers(1, 2))
    def adjust(self, sku: int, place: str, units: int, times: int) -> None:
        self.changes += 1
        goods = [self.lamp, self.cup][sku]
        counted = Adjustment(f"{self.lamp}-{self.changes}", place, {goods: units}, "counted", "sun")
        for _ in range(times):
            with suppress(Mistake), self.steps.sessions.begin() as session:
                self.units[goods] += units * book_adjustment(session, counted)

    @rule(buyer=orders, times=st.integers(1, 2))
    def release(self, buyer: Buyer, times: int) -> None:
        for _ in range(times):
            assert self.steps.reserve.release_stock(self.undo(buyer, buyer.order_id)).done

    @rule(buyer=orders, partial=st.booleans(), times=st.integers(1, 2))
    def allocate(self, buyer: Buyer, partial: bool, times: int) -> None:
        buyer.rounds += 1
        request = StockRequest(buyer.order_id, buyer.rounds, partial)
        answers = [self.steps.allocate.allocate_stock(request) for _ in range(times)]
        assert answers == answers[:1] * times
        buyer.work += answers[0].work

    @rule(buyer=orders, which=st.integers(0, 2), times=st.integers(1, 2))
    def deallocate(self, buyer: Buyer, which: int, times: int) -> None:
        for work in buyer.work[which : which + 1]:
            for _ in range(times):
                self.steps.allocate.deallocate_stock(self.undo(buyer, work.fulfillment_order_id))

    @rule(buyer=orders, which=st.integers(0, 2), times=st.integers(1, 2))
    def ship(self, buyer: Buyer, which: int, times: int) -> None:
        for work in buyer.work[which : which + 1]:
            self.book(work)
            self.report(buyer, work, times, "tms", "shipment.tracking_updated", status="in_transit")

    @rule(buyer=orders, which=st.integers(0, 2), place=st.sampled_from(PLACES), times=st.integers(1, 2))
    def come_back(self, buyer: Buyer, which: int, place: str, times: int) -> None:
        for work in buyer.work[which : which + 1]:
            self.report(buyer, work, times, "wms", "fulfillment_order.returned", location_id=place)

    @invariant()
    def the_ledger_explains_the_counters_and_nothing_is_oversold(self) -> None:
        assert_ledger_explains_stock(self.steps.sessions)

    @invariant()
    def every_promise_has_an_owner(self) -> None:
        with self.steps.sessions() as session:
            stock = session.execute(select(func.sum(StockRow.reserved), func.sum(StockRow.allocated))).one()
            reserved = session.scalar(select(func.coalesce(func.sum(ReservationRow.quantity), 0)))
            allocated = session.scalar(select(func.coalesce(func.sum(FulfillmentLineRow.allocated), 0)))
            assert (stock[0] or 0, stock[1] or 0) == (reserved, allocated)

    @invariant()
    def nobody_has_more_than_the_quota(self) -> None:
        if not getattr(self, "limited", False):
            return
        with self.steps.sessions() as session:
            reserved = select(func.coalesce(func.sum(ReservationRow.quantity), 0)).where(
                ReservationRow.sku == self.lamp
            )
            at_work = (
                select(func.coalesce(func.sum(FulfillmentLineRow.quantity), 0))
                .join(FulfillmentOrderRow)
                .where(FulfillmentLineRow.sku == self.lamp, FulfillmentOrderRow.status.not_in(UNDONE))
            )
            claimed = session.scalar(reserved.where(ReservationRow.sku == self.lamp)) + session.scalar(at_work)
        assert claimed <= MOST_LAMPS

    @invariant()
    def every_lamp_and_every_cup_is_here_or_with_somebody(self) -> None:
        if not hasattr(self, "units"):
            return
        with self.steps.sessions() as session:
            for sku, units in self.units.items():
                here = session.scalar(select(func.sum(StockRow.on_hand)).where(StockRow.sku == sku))
                away = session.scalar(
                    select(func.coalesce(func.sum(FulfillmentLineRow.quantity), 0))
                    .join(FulfillmentOrderRow)
                    .where(FulfillmentLineRow.sku == sku, FulfillmentOrderRow.status == "shipped")
                )
                assert here + away == units

    def undo(self, buyer: Buyer, subject: str) -> UndoRequest:
        return UndoRequest(buyer.order_id, subject, "the customer canceled")

    def book(self, work: Work) -> None:
        name = f"{work.fulfillment_order_id}-S1"
        with self.steps.sessions.begin() as session:
            row = session.get_one(FulfillmentOrderRow, work.fulfillment_order_id)
            if row.shipment_id is None:
                session.add(ShipmentRow(shipment_id=name, carrier="SF", waybill=name, tracking_status="pre_transit"))
                session.flush()
                row.shipment_id = name

    def report(self, buyer: Buyer, work: Work, times: int, partner: str, kind: str, **data: str) -> None:
        name = work.fulfillment_order_id
        data = {"shipment_id": f"{name}-S1", "occurred_at": "2026-03-02T12:00:00+00:00", **data}
        event = store_webhook(self.steps.sessions, partner, kind, name, **data)
        reports = Reports(buyer.order_id, name, [event])
        answers = [self.steps.progress.record_progress(reports) for _ in range(times)]
        assert answers == answers[:1] * times


def test_stock_stays_right_whatever_order_it_is_claimed_shipped_and_returned_in(steps: Steps) -> None:
    run_state_machine_as_test(lambda: Shop(replace(steps)), settings=ROUNDS)
