"""Orders with several tenders, balances that they may spend, and what moved for each of them."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from activities.audit import AuditRequest
from activities.audit_findings import AuditResult
from domain.money import Money
from domain.tenders import Tender, TenderKind
from models.payment import MoneyMovementRow, StoreCreditRow
from record.returns.store_credits import IssuedCredit, issue
from tests.activities.story import Steps
from tests.factories import an_order, place_orders

CNY, YEARS_AGO = "CNY", datetime(2020, 1, 1, tzinfo=UTC)
TOTAL = an_order().grand_total
NUMBERS = itertools.count(1)


def card(number: int, minor: int, status: str = "", **more: Any) -> Tender:
    """A second card: by its reference the gateway knows that it paid, or is in some trouble."""
    amount = Money(minor, CNY)
    return Tender(number, TenderKind.GATEWAY, f"PAY-CARD-{next(NUMBERS)}{status}:{amount.text}:CNY", amount, **more)


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


def balance_of(steps: Steps, minor: int, kind: str = "store_credit") -> StoreCreditRow:
    """A new balance of this much."""
    with steps.sessions.begin() as session:
        wanted = IssuedCredit(f"TEST-{next(NUMBERS)}", kind, "", Money(minor, CNY), "lin")
        return issue(session, wanted)[0]


def of_balance(number: int, credit: StoreCreditRow, minor: int) -> Tender:
    return Tender(number, TenderKind(credit.kind), credit.credit_id, Money(minor, CNY))


def left_of(steps: Steps, credit: StoreCreditRow) -> int:
    with steps.sessions() as session:
        row = session.get_one(StoreCreditRow, credit.code)
        return row.amount_minor - row.spent_minor
