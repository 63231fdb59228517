"""Orders whose money is only reserved, their parcels, and what is captured of it."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from activities.audit import AuditRequest
from activities.capturing import CaptureStep
from activities.outcome import Ending
from activities.settlement import Settlement
from activities.shortages import Repayment
from commands.parameters import set_parameter
from domain.payment_terms import BY_SHIPMENT
from models.authorization import AuthorizationRow
from models.fulfillment import FulfillmentLineRow, FulfillmentOrderRow
from models.order import OrderRow
from models.payment import MoneyMovementRow
from tests.activities.story import Steps
from tests.factories import LAMP, LAMPS_AND_CUP, TEACUP, place_order

LAMPS, CUP = {LAMP: 2}, {TEACUP: 1}
TOTAL = 6797
LAMPS_COST = 2 * 1999 + 800
CUP_COSTS = 1999


def agree(steps: Steps, capture: str) -> None:
    terms = {"tmall": {"*": {"kind": "authorized", "capture": capture}}}
    set_parameter(steps.sessions, "payment_terms", terms, datetime(2020, 1, 1, tzinfo=UTC), None, "a contract", "sun")


def placed(steps: Steps, trouble: str = "") -> Steps:
    """Place an order of two lamps and a cup whose money is reserved, and audit it."""
    order_id = place_order(steps.sessions, LAMPS_AND_CUP)
    with steps.sessions.begin() as session:
        session.get_one(OrderRow, order_id).payment_reference = f"AUTH-{trouble}{order_id}:67.97:CNY"
    mine = replace(steps, order_id=order_id, stored={})
    mine.audit.audit_order(AuditRequest(order_id, 1))
    return mine


def pack(steps: Steps, units: dict[str, int], status: str = "packed") -> str:
    """Write a fulfillment order of these units; return its id."""
    with steps.sessions.begin() as session:
        mine = select(FulfillmentOrderRow).where(FulfillmentOrderRow.order_id == steps.order_id)
        number = len(session.scalars(mine).all()) + 1
        name = f"{steps.order_id}-{number}"
        where = {"order_id": steps.order_id, "number": number, "location_id": "HANGZHOU", "reason": "near"}
        session.add(FulfillmentOrderRow(fulfillment_order_id=name, status=status, **where))
        session.flush()
        for sku, quantity in units.items():
            session.add(FulfillmentLineRow(fulfillment_order_id=name, sku=sku, quantity=quantity, allocated=0))
    return name


def put(steps: Steps, name: str, status: str) -> None:
    with steps.sessions.begin() as session:
        session.get_one(FulfillmentOrderRow, name).status = status


def capture(steps: Steps, name: str = "", round_: int = 1) -> str:
    return steps.captures.capture_goods(CaptureStep(steps.order_id, name, round_)).refusal


def moved(steps: Steps, kind: str) -> list[int]:
    with steps.sessions() as session:
        where = MoneyMovementRow.kind == kind, MoneyMovementRow.order_id == steps.order_id
        rows = select(MoneyMovementRow.amount_minor).where(*where).order_by(MoneyMovementRow.movement_id)
        return list(session.scalars(rows))


def authorization(steps: Steps) -> AuthorizationRow:
    with steps.sessions() as session:
        return session.get_one(AuthorizationRow, steps.order_id)


def at_gateway(steps: Steps) -> Any:
    return steps.captures.payments.payment(authorization(steps).reference)


def repay(steps: Steps, minor: int) -> int:
    key = f"{steps.order_id}:refund:short:{minor}"
    return steps.shortages.repay_lines(Repayment(steps.order_id, key, minor, "short")).refunded_minor


def settle(steps: Steps) -> None:
    Settlement(steps.sessions, steps.refunds.ways).settle_payment(steps.order_id)


def settle_end(steps: Steps, status: str = "completed") -> None:
    with steps.sessions.begin() as session:
        session.get_one(OrderRow, steps.order_id).status = "in_progress"
    steps.outcome.end_order(Ending(steps.order_id, status, "over"))
    settle(steps)


@pytest.fixture
def reserved(steps: Steps) -> Steps:
    agree(steps, BY_SHIPMENT)
    return placed(steps)
