"""Everything that changes stock, run concurrently: transactions wait for each other but never deadlock.

LOCK_ORDER_ACTIONS is the number of actions of each thread, 30 by default.
"""

import os
import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FuturesTimeout
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import count
from threading import Barrier, Lock

import pytest
from sqlalchemy import Engine, ExceptionContext, event
from sqlalchemy.exc import OperationalError

from activities.allocate import Allocate, TooMuchTraffic
from activities.audit import Audit, AuditRequest, ChangesTooOften
from activities.outcome import Ending, Outcome
from activities.reserve import Reserve, StockRequest
from activities.shortages import Shortages
from domain.money import Money
from domain.returns.requests import RefundReturnRequest
from domain.status import NotAllowed
from domain.stock.views import StockUpdate
from domain.undo import UndoRequest
from integrations.payments import GatewayPayment, GatewayPaymentStatus
from models.database import Sessions
from models.listing import ChannelListingRow
from models.returns import ReturnRow
from record.channels import offers
from record.order_mapping import lock_order
from record.parameters import ParameterCache
from record.rules.confined import Confined
from record.rules.staff_rules import StaffRules
from record.sourcing.outlooks import OutlookCache
from record.sourcing.reconsider import Reconsider
from record.stock.changes import Adjustment, Transfer, book_adjustment, book_transfer
from record.stock.channel_shares import Quota, set_quotas
from record.stock.counts import Count, book_count
from record.stock.mistakes import Mistake
from record.stock.purchases import apply_purchase_order
from record.stock.receipts import receive_goods
from record.stock.shortage_decisions import Decision
from record.stock.sweep import Sweep
from record.stock.warehouse_counts import apply_count
from tests.activities.story import Steps
from tests.factories import (
    CHANNEL,
    LAMP,
    an_order,
    assert_ledger_explains_stock,
    fresh_outlooks,
    place_order,
    place_orders,
    stock_shop,
    store_webhook,
)

ACTIONS = int(os.environ.get("LOCK_ORDER_ACTIONS", 30))
THREADS, ORDERS = 8, 12
SKUS = [LAMP, "QUIET-TEACUP", "RED-SCARF"]
PLACES = ["HANGZHOU", "CHENGDU"]
YESTERDAY = datetime.now(UTC) - timedelta(days=1)
_numbers = count(1)
_storing = Lock()


@pytest.fixture
def deadlocks(engine: Engine) -> Iterator[list[str]]:
    """Every deadlock that PostgreSQL ended, also those that were retried silently."""
    met: list[str] = []

    def look(context: ExceptionContext) -> None:
        if getattr(context.original_exception, "pgcode", None) == "40P01":
            met.append(str(context.original_exception))

    event.listen(engine, "handle_error", look)
    yield met
    event.remove(engine, "handle_error", look)


def test_proposals_for_short_orders_do_not_deadlock(sessions: Sessions, deadlocks: list[str]) -> None:
    # given
    stock_shop(sessions, {"HANGZHOU": {LAMP: 0}})
    lines = [{"sku": LAMP, "quantity": 100, "due_on": "2099-01-01"}]
    purchase = {"purchase_order_id": "PO-1", "revision": 1, "location_id": "HANGZHOU", "lines": lines}
    apply_purchase_order(sessions, *store_webhook(sessions, "erp", "purchase_order.placed", "PO-1", **purchase))
    orders = [place_order(sessions, [(LAMP, 1)]) for _ in range(6)]
    for order_id in orders:
        Reserve(sessions, fresh_outlooks()).reserve_stock(StockRequest(order_id, 1))
    start = Barrier(len(orders))

    def propose(order_id: str) -> str:
        start.wait()
        return Shortages(sessions, None).propose(order_id).promised_on  # type: ignore[arg-type]

    # when
    with ThreadPoolExecutor(len(orders)) as threads:
        promised = list(threads.map(propose, orders))

    # then
    assert promised == ["2099-01-01"] * 6
    assert deadlocks == []


def test_concurrent_changes_of_stock_do_not_deadlock(sessions: Sessions, deadlocks: list[str]) -> None:
    # given
    stock_shop(sessions, {place: dict.fromkeys(SKUS, 4) for place in PLACES})
    with sessions.begin() as session:
        set_quotas(session, CHANNEL, LAMP, [Quota(20, YESTERDAY)])
        set_quotas(session, CHANNEL, SKUS[1], [Quota(20, YESTERDAY)])
        session.add_all(ChannelListingRow(channel=CHANNEL, sku=sku, channel_sku=sku) for sku in SKUS)
    lines = [(SKUS[number % 3], 2) for number in range(ORDERS)]
    wanted = [an_order([one, (SKUS[(number + 1) % 3], 1)]) for number, one in enumerate(lines)]
    orders = place_orders(sessions, wanted, "accepted")
    everything = Everything(sessions, orders)

    # when
    with ThreadPoolExecutor(THREADS) as threads:
        for done in [threads.submit(everything.do, seed) for seed in range(THREADS)]:
            done.result()

    # then
    assert deadlocks == []
    assert_ledger_explains_stock(sessions)


def test_a_refund_waits_for_its_order_before_it_takes_its_case(steps: Steps) -> None:
    # given
    steps.up_to("record_return:inspected")

    # when whoever books money has the order, and then wants the case
    with ThreadPoolExecutor(1) as pool:
        with steps.sessions.begin() as session:
            lock_order(session, steps.order_id)
            refund = pool.submit(steps.return_refunds.refund_return, RefundReturnRequest(steps.case, 1))
            with suppress(FuturesTimeout):
                refund.result(0.5)
            session.get_one(ReturnRow, steps.case, with_for_update={"nowait": True})

        # then
        assert refund.result().refusal == ""


class Gateway:
    """Says that every payment is captured, each time a little more of it."""

    def payment(self, reference: str) -> GatewayPayment:
        return GatewayPayment(reference, GatewayPaymentStatus.CAPTURED, Money(next(_numbers), "CNY"))


class Everything:
    """All that a shop does with the goods of a few orders, in a random sequence by seed."""

    def __init__(self, sessions: Sessions, orders: list[str]) -> None:
        self.sessions, self.orders = sessions, orders
        parameters = ParameterCache()
        outlooks = OutlookCache(parameters)
        self.reserving, self.allocating = Reserve(sessions, outlooks), Allocate(sessions, outlooks)
        self.shortages = Shortages(sessions, None)  # type: ignore[arg-type]
        self.auditing = Audit(sessions, Gateway(), parameters, StaffRules(Confined()))  # type: ignore[arg-type]
        self.sweep, self.reconsider = Sweep(sessions, parameters), Reconsider(sessions, outlooks)

    def do(self, seed: int) -> None:
        chance = random.Random(seed)
        actions: list[Callable[[random.Random], object]] = [
            *[self.audit, self.reserve, self.allocate, self.propose] * 3,
            *(self.release, self.deallocate, self.decide, self.end),
            *(self.receive, self.purchase, self.snapshot, self.delta),
            *(self.adjust, self.transfer, self.count, self.limit),
            self.push,
            *(lambda _: self.sweep.run(), lambda _: self.reconsider.run()),
        ]
        for _ in range(ACTIONS):
            # A refusal is expected: another thread was faster, or holds a row for too long.
            with suppress(Mistake, TooMuchTraffic, NotAllowed, ChangesTooOften, OperationalError):
                chance.choice(actions)(chance)

    def audit(self, chance: random.Random) -> None:
        self.auditing.audit_order(AuditRequest(self.order(chance), next(_numbers)))

    def reserve(self, chance: random.Random) -> None:
        self.reserving.reserve_stock(StockRequest(self.order(chance), next(_numbers), chance.random() < 0.5))

    def allocate(self, chance: random.Random) -> None:
        self.allocating.allocate_stock(StockRequest(self.order(chance), next(_numbers), chance.random() < 0.5))

    def propose(self, chance: random.Random) -> None:
        self.shortages.propose(self.order(chance))

    def decide(self, chance: random.Random) -> None:
        self.shortages.decide_shortage(
            Decision(self.order(chance), next(_numbers), chance.choice(["wait", "split"]), "", "", "lin", "")
        )

    def release(self, chance: random.Random) -> None:
        order_id = self.order(chance)
        self.reserving.release_stock(UndoRequest(order_id, order_id, "changed their mind"))

    def deallocate(self, chance: random.Random) -> None:
        order_id = self.order(chance)
        self.allocating.deallocate_stock(UndoRequest(order_id, f"{order_id}-{chance.randint(1, 3)}", "no room"))

    def end(self, chance: random.Random) -> None:
        Outcome(self.sessions).end_order(Ending(self.order(chance), "canceled", "too late", "lin"))

    def receive(self, chance: random.Random) -> None:
        lines = [{"sku": sku, "quantity": 2} for sku in self.some(chance)]
        number = f"PO-{chance.randint(1, 2)}"
        data = {"receipt_id": self.name("R"), "location_id": chance.choice(PLACES), "lines": lines}
        receive_goods(self.sessions, *self.store("erp", "stock.received", purchase_order_id=number, **data))

    def purchase(self, chance: random.Random) -> None:
        lines = [{"sku": sku, "quantity": 9, "due_on": f"2099-01-0{chance.randint(1, 9)}"} for sku in self.some(chance)]
        data = {"revision": next(_numbers), "location_id": "HANGZHOU", "lines": lines}
        number = f"PO-{chance.randint(1, 2)}"
        event = self.store("erp", "purchase_order.placed", purchase_order_id=number, **data)
        apply_purchase_order(self.sessions, *event)

    def snapshot(self, chance: random.Random) -> None:
        lines = [{"sku": sku, "quantity": 5} for sku in self.some(chance)]
        data = {"snapshot_id": self.name("S"), "location_id": chance.choice(PLACES), "lines": lines}
        moment = datetime.now(UTC).isoformat()
        apply_count(self.sessions, *self.store("wms", "stock.snapshot", taken_at=moment, **data), alert_above=9)

    def delta(self, chance: random.Random) -> None:
        lines = [{"sku": sku, "quantity": 1, "reason": "found"} for sku in self.some(chance)]
        data = {"delta_id": self.name("D"), "location_id": chance.choice(PLACES), "lines": lines}
        moment = datetime.now(UTC).isoformat()
        apply_count(self.sessions, *self.store("wms", "stock.delta", occurred_at=moment, **data), alert_above=9)

    def adjust(self, chance: random.Random) -> None:
        units = dict.fromkeys(self.some(chance), chance.choice([-1, 1]))
        with self.sessions.begin() as session:
            book_adjustment(session, Adjustment(self.name("A"), chance.choice(PLACES), units, "found", "lin"))

    def transfer(self, chance: random.Random) -> None:
        way, units = chance.sample(PLACES, 2), dict.fromkeys(self.some(chance), 1)
        with self.sessions.begin() as session:
            book_transfer(session, Transfer(self.name("T"), *way, units, "to balance", "lin"))

    def count(self, chance: random.Random) -> None:
        units = dict.fromkeys(self.some(chance), 5)
        with self.sessions.begin() as session:
            book_count(session, Count(self.name("C"), chance.choice(PLACES), units, "monthly", "lin"))

    def push(self, chance: random.Random) -> None:
        skus = self.some(chance)
        with self.sessions.begin() as session:
            offers.hold(session, CHANNEL, skus)
            offers.acknowledge(session, CHANNEL, [StockUpdate(sku, sku, 1, 1) for sku in skus[:1]])
            offers.fail(session, CHANNEL, dict.fromkeys(skus[1:], "no such goods"))

    def limit(self, chance: random.Random) -> None:
        with self.sessions.begin() as session:
            set_quotas(session, CHANNEL, chance.choice(SKUS[:2]), [Quota(chance.randint(10, 20), YESTERDAY)])

    def order(self, chance: random.Random) -> str:
        return chance.choice(self.orders)

    def some(self, chance: random.Random) -> list[str]:
        return chance.sample(SKUS, chance.randint(1, 3))

    def name(self, prefix: str) -> str:
        return f"{prefix}-{next(_numbers)}"

    def store(self, partner: str, what: str, **data: object) -> tuple[str, str]:
        with _storing:
            return store_webhook(self.sessions, partner, what, self.name("subject"), **data)
