"""Audits that wait together share two transactions, and each order gets its own answer."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select, update

from activities.audit import Audit, AuditRequest
from activities.audit_findings import AuditResult
from domain.order import Buyer, Order
from integrations.payments import GatewayPayment, GatewayPaymentStatus
from models.database import Sessions
from models.order import AuditRow, OrderLineRow, OrderRow, StepResultRow
from models.payment import MoneyMovementRow
from models.stock import ProductRow
from record.parameters import ParameterCache
from record.rules.confined import Confined
from record.rules.staff_rules import StaffRules
from tests.factories import LAMP, PLACED_AT, PRICE, SHIPPING, an_order, events_of, place_orders, stock_shop

LI, HAN = Buyer("token-of-li", "0071", "李**"), Buyer("token-of-han", "1239", "韩**")


@dataclass
class Gateway:
    """Says that every payment is captured, after it did `meanwhile` for it."""

    meanwhile: dict[str, Any] = field(default_factory=dict)

    def payment(self, reference: str) -> GatewayPayment:
        if act := self.meanwhile.pop(reference, None):
            act()
        return GatewayPayment(reference, GatewayPaymentStatus.CAPTURED, PRICE + SHIPPING)


@dataclass
class Sent:
    statements: list[str] = field(default_factory=list)
    transactions: int = 0


@contextmanager
def watching(sessions: Sessions) -> Iterator[Sent]:
    """Collect each statement and count the transactions while the block runs."""
    sent, engine = Sent(), sessions.kw["bind"]

    def remember(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        sent.statements.append(statement)

    def count(connection: Any) -> None:
        sent.transactions += 1

    event.listen(engine, "before_cursor_execute", remember)
    event.listen(engine, "commit", count)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", remember)
        event.remove(engine, "commit", count)


@pytest.fixture
def audit(sessions: Sessions) -> Audit:
    stock_shop(sessions, {"HANGZHOU": {LAMP: 100}})
    return Audit(sessions, Gateway(), ParameterCache(600), StaffRules(Confined(), 600))  # type: ignore[arg-type]


def plain_orders(sessions: Sessions, number: int, channel: str = "tmall") -> list[str]:
    """Orders of different customers for a lamp each, on the payments `{channel}-0` and so on."""
    names = [f"{channel}-{one}" for one in range(number)]
    return place_orders(sessions, [lamp_for(name, name, channel=channel) for name in names])


def lamp_for(customer: str, payment: str, sku: str = LAMP, **changes: Any) -> Order:
    return an_order([(sku, 1)], customer_id=customer, payment_reference=payment, **changes)


def audited_together(audit: Audit, order_ids: Sequence[str]) -> list[AuditResult | None]:
    """Audit the orders as one group, without the desk that forms groups of those who come at the same time."""
    requests = [AuditRequest(order_id, 1) for order_id in order_ids]
    read = audit._read(requests)
    judged = [
        audit._judge(request, one)
        for request, one in zip(requests, read, strict=True)
        if not isinstance(one, AuditResult)
    ]
    return audit._write(judged)


def statuses(sessions: Sessions, order_ids: Sequence[str]) -> list[str]:
    with sessions() as session:
        return [session.get_one(OrderRow, order_id).status for order_id in order_ids]


def test_a_group_costs_as_many_statements_as_one_audit(audit: Audit, sessions: Sessions) -> None:
    # given parameters and rules that are known already
    audited_together(audit, plain_orders(sessions, 1))

    # when
    sent = {}
    for number in (1, 5, 20):
        orders = plain_orders(sessions, number, channel=f"shop-{number}")
        with watching(sessions) as sent[number]:
            assert audited_together(audit, orders) == [AuditResult("pass")] * number
        assert statuses(sessions, orders) == ["accepted"] * number
        assert events_of(sessions, orders[-1]) == ["payment.captured", "order.accepted"]

    # then
    assert [len(one.statements) for one in sent.values()] == [7, 7, 7]
    assert [one.transactions for one in sent.values()] == [2, 2, 2]


def test_audits_of_many_threads_form_groups(audit: Audit, sessions: Sessions) -> None:
    orders = plain_orders(sessions, 40)

    with watching(sessions) as sent, ThreadPoolExecutor(10) as threads:
        results = list(threads.map(lambda order_id: audit.audit_order(AuditRequest(order_id, 1)), orders))

    assert results == [AuditResult("pass")] * 40
    assert sent.transactions < 80
    with sessions() as session:
        assert len(session.scalars(select(MoneyMovementRow)).all()) == 40


def test_orders_of_every_kind_in_one_group_get_their_own_answers(audit: Audit, sessions: Sessions) -> None:
    # given two plain orders, one of unknown goods, and one on the payment of the first
    plain, paid = plain_orders(sessions, 2)
    odd = [lamp_for("strange", "P-1", "NO-LAMP"), lamp_for("thief", "tmall-0")]
    strange, thief = place_orders(sessions, odd)

    # when
    results = audited_together(audit, [strange, plain, thief, paid])

    # then
    verdicts = [(one.verdict, one.open.codes) if one else None for one in results]
    assert verdicts == [
        ("hold", ["UNKNOWN_GOODS"]),
        ("pass", []),
        ("hold", ["PAYMENT_TAKEN"]),
        ("pass", []),
    ]
    assert statuses(sessions, [strange, plain, thief, paid]) == ["under_review", "accepted"] * 2


def test_two_imports_of_one_person_in_a_group_do_not_share_the_limit(audit: Audit, sessions: Sessions) -> None:
    # given bottles that use up more than half of a year's limit each
    wine = {"cross_border": True, "positive_listed": True, "hs_code": "22042100", "vat": 1300, "consumption_tax": 1000}
    with sessions.begin() as session:
        session.add(ProductRow(sku="WINE", title="Wine", **wine))
    first, second, other = place_orders(
        sessions,
        [
            lamp_for(name, f"P-{name}", "WINE", buyer=buyer, placed_at=PLACED_AT + timedelta(days=30 * days))
            for days, (name, buyer) in enumerate([("a", LI), ("b", LI), ("c", HAN)])
        ],
    )
    with sessions.begin() as session:
        session.execute(update(OrderLineRow).where(OrderLineRow.sku == "WINE").values(unit_price_minor=14_000_00))

    # when
    with watching(sessions) as sent:
        results = audited_together(audit, [second, other, first])

    # then one of the person's orders has it, and only the other one needs statements of its own
    with sessions() as session:
        claimed = {row.order_id: row.import_claimed for row in session.scalars(select(OrderRow))}
    assert claimed[other]
    assert sorted([claimed[first], claimed[second]]) == [False, True]
    holds = dict(zip([second, other, first], [one.open.codes for one in results if one], strict=True))
    assert {order_id: "IMPORT_YEAR_LIMIT" not in codes for order_id, codes in holds.items()} == claimed
    assert len([one for one in sent.statements if "SET import_minor" in one]) == 2


def test_an_order_that_changes_while_the_gateway_is_asked_is_judged_again_alone(
    audit: Audit, sessions: Sessions
) -> None:
    # given
    orders = plain_orders(sessions, 3)

    def change() -> None:
        with sessions.begin() as session:
            session.get_one(OrderRow, orders[1]).version += 1

    audit.payments.meanwhile["tmall-1"] = change  # type: ignore[attr-defined]

    # when
    first = audited_together(audit, orders)
    again = audit.audit_order(AuditRequest(orders[1], 1))

    # then
    assert first == [AuditResult("pass"), None, AuditResult("pass")]
    assert again == AuditResult("pass")
    with sessions() as session:
        row = session.get_one(OrderRow, orders[1])
        assert (row.version, row.judged_version) == (1, 1)


def test_an_unknown_order_fails_alone(audit: Audit, sessions: Sessions) -> None:
    # given
    orders = plain_orders(sessions, 12)

    # when
    def audited(order_id: str) -> str:
        try:
            return audit.audit_order(AuditRequest(order_id, 1)).verdict
        except KeyError:
            return "unknown"

    with ThreadPoolExecutor(13) as threads:
        verdicts = list(threads.map(audited, [*orders[:6], "NOBODY", *orders[6:]]))

    # then
    assert verdicts == ["pass"] * 6 + ["unknown"] + ["pass"] * 6


def test_one_audit_twice_in_a_group_is_one_audit(audit: Audit, sessions: Sessions) -> None:
    # given
    (order_id,) = plain_orders(sessions, 1)

    # when
    results = audited_together(audit, [order_id, order_id])

    # then the other one reads the answer of the first
    assert results == [AuditResult("pass"), None]
    assert audit.audit_order(AuditRequest(order_id, 1)) == AuditResult("pass")
    with sessions() as session:
        assert len(session.scalars(select(AuditRow)).all()) == len(session.scalars(select(StepResultRow)).all()) == 1
