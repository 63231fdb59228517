"""An order of which everything is there is allocated with its audit; all others wait for their steps."""

from collections.abc import Sequence

import pytest
from sqlalchemy import select

from activities.allocate import Allocate
from activities.at_once import MadeAllocations
from activities.audit import Audit, AuditRequest
from activities.audit_findings import AuditResult
from activities.reserve import Reserve, StockRequest
from domain.promising import State
from models.database import Sessions
from models.order import OrderRow
from models.stock import BackorderRow, ReservationRow, StockRow
from record.parameters import ParameterCache
from record.rules.confined import Confined
from record.rules.staff_rules import StaffRules
from record.sourcing.claims import Reservation
from record.sourcing.outlooks import OutlookCache
from tests.activities.test_audits_together import Gateway, plain_orders, statuses, watching
from tests.factories import LAMP, assert_ledger_explains_stock, counters, events_of, fresh_outlooks, stock_shop

PLAIN, AT_ONCE = AuditResult("pass"), AuditResult("pass", allocated=True)


@pytest.fixture
def outlooks() -> OutlookCache:
    return fresh_outlooks(600)


@pytest.fixture
def audit(sessions: Sessions, outlooks: OutlookCache) -> Audit:
    stock_shop(sessions, {"HANGZHOU": {LAMP: 3}})
    rules = StaffRules(Confined(), 600)
    return Audit(sessions, Gateway(), ParameterCache(600), rules, outlooks=outlooks)  # type: ignore[arg-type]


def audited(audit: Audit, orders: Sequence[str]) -> list[AuditResult | None]:
    """Audit these orders as one group, as the desk does with those that come at the same time."""
    requests = [AuditRequest(order_id, 1, round=2) for order_id in orders]
    read = audit._read(requests)
    judged = [
        audit._judge(request, one)
        for request, one in zip(requests, read, strict=True)
        if not isinstance(one, AuditResult)
    ]
    return audit._write_together(judged)


def test_the_steps_answer_with_what_the_audit_has_allocated(
    audit: Audit, sessions: Sessions, outlooks: OutlookCache
) -> None:
    [order] = plain_orders(sessions, 1)
    reserve, allocate = Reserve(sessions, outlooks), Allocate(sessions, outlooks)

    # when another worker takes the steps, and takes them twice
    assert audit.audit_order(AuditRequest(order, 1, round=2)) == AT_ONCE
    with watching(sessions) as sent:
        reserved = [reserve.reserve_stock(StockRequest(order, 1, at_once=True)) for _ in range(2)]
        allocated = [allocate.allocate_stock(StockRequest(order, 2, at_once=True)) for _ in range(2)]

    # then
    assert reserved == [Reservation(1, ["HANGZHOU"])] * 2
    assert [(work.location_id, work.units) for work in allocated[0].work] == [("HANGZHOU", 1)]
    assert allocated[0] == allocated[1]
    assert allocated[0].why
    assert sent.transactions == 0
    assert statuses(sessions, [order]) == ["in_progress"]
    assert events_of(sessions, order) == [
        "payment.captured",
        "order.accepted",
        "reservation.created",
        "sourcing.decided",
    ]
    assert counters(sessions, LAMP)["allocated"] == 1
    assert_ledger_explains_stock(sessions)


def test_a_group_shares_one_transaction_and_the_last_units_go_to_the_first(audit: Audit, sessions: Sessions) -> None:
    # given parameters and outlooks that are known, and goods for two orders of five
    audited(audit, plain_orders(sessions, 1, "warm-up"))
    orders = plain_orders(sessions, 5)

    # when
    requests = [AuditRequest(order_id, 1, round=2) for order_id in orders]
    judged = [audit._judge(*one) for one in zip(requests, audit._read(requests), strict=True)]  # type: ignore[arg-type]
    with watching(sessions) as sent:
        results = audit._write_together(judged)

    # then those that are short are left as they were, for the step that queues them
    assert results == [AT_ONCE, AT_ONCE, PLAIN, PLAIN, PLAIN]
    assert statuses(sessions, orders) == ["in_progress"] * 2 + ["accepted"] * 3
    assert (sent.transactions, len(sent.statements)) == (1, 8)
    with sessions() as session:
        assert session.scalars(select(BackorderRow)).all() == []
        assert session.scalars(select(ReservationRow)).all() == []
    assert_ledger_explains_stock(sessions)


def test_a_repeated_audit_says_that_it_has_allocated(audit: Audit, sessions: Sessions) -> None:
    [order] = plain_orders(sessions, 1)
    audit.audit_order(AuditRequest(order, 1, round=2))
    audit._at_once = MadeAllocations(sessions)

    assert audit.audit_order(AuditRequest(order, 1, round=2)) == AT_ONCE
    assert counters(sessions, LAMP)["allocated"] == 1


def test_stock_that_somebody_holds_does_not_hold_up_the_audit(audit: Audit, sessions: Sessions) -> None:
    [order] = plain_orders(sessions, 1)

    with sessions.begin() as somebody:
        somebody.scalars(select(StockRow).with_for_update()).all()
        assert audit.audit_order(AuditRequest(order, 1, round=2)) == PLAIN

    assert statuses(sessions, [order]) == ["accepted"]


def test_what_was_promised_is_left_to_the_step_that_keeps_promises(audit: Audit, sessions: Sessions) -> None:
    [order] = plain_orders(sessions, 1)
    with sessions.begin() as session:
        row = session.get_one(OrderRow, order)
        row.promise_id, row.promise_state = "PROMISE-1", State.TAKEN

    assert audit.audit_order(AuditRequest(order, 1, round=2)) == PLAIN


def test_an_order_that_asks_for_no_allocation_gets_none(audit: Audit, sessions: Sessions) -> None:
    [order] = plain_orders(sessions, 1)

    assert audit.audit_order(AuditRequest(order, 1)) == PLAIN
    assert statuses(sessions, [order]) == ["accepted"]
