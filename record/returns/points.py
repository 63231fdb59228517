"""Points that were given for a sale and spent before it came back: what the CRM says, and what is kept for them."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from domain.errors import UnknownCustomer
from domain.money import Money
from domain.parameters import Parameters
from domain.returns.refunds import deduct_points
from domain.returns.terms import PointsSpent, Terms, of_channel
from domain.status import OrderStatus
from integrations.crm import Crm
from models.database import Sessions
from models.messaging import MessageRow
from models.order import OrderRow
from models.payment import MoneyMovementRow
from models.returns import ReturnRow
from record import money
from record.order_mapping import order_of


class PointsDesk:
    def __init__(self, sessions: Sessions, crm: Crm) -> None:
        self.sessions = sessions
        self.crm = crm

    def balance(self, row: ReturnRow, rules: Parameters) -> int | None:
        """The points that the customer of a case has; None where nobody needs to know, or the CRM knows no such one.

        Raises PartnerTrouble while the CRM does not answer.
        """
        with self.sessions() as session:
            order = order_of(session, row.order_id)
            terms = of_channel(rules.return_terms, order.channel) or Terms()
            fixed = row.refund_minor is not None
            if fixed or terms.points != PointsSpent.DEDUCT or not rules.points_value.get(order.currency):
                return None
            waiting = _not_told(session, row.order_id)
        try:
            return self.crm.points(order.customer_id) + waiting
        except UnknownCustomer:
            return None


def spent(session: Session, row: ReturnRow, due: int, balance: int | None, rules: Parameters) -> tuple[int, int]:
    """How many points that go back with `due` minor units were spent and are paid for, and what is kept for them."""
    if balance is None:
        return 0, 0
    order = order_of(session, row.order_id)
    back = -points_back(session, order, Money(due, order.currency))
    return deduct_points(back - max(0, balance), due, rules.points_value.get(order.currency, 0))


def _not_told(session: Session, order_id: str) -> int:
    """Points of the order, given or taken back, that the CRM has not been told of yet."""
    where = MessageRow.order_id == order_id, MessageRow.recipient == "crm", MessageRow.sent_at.is_(None)
    points = func.coalesce(func.sum(MessageRow.data["points"].as_integer()), 0)
    return int(session.scalar(select(points).where(*where)) or 0)


POINTS_FEE = "points_spent"
"""The name of the fee that a case keeps for points that were spent."""


def points_back(session: Session, order: OrderRow, amount: Money, return_id: str = "") -> int:
    """The points, below zero, that go back with this amount: what is left is a point for each whole unit that is kept.

    They were given for what was kept at delivery, so only later movements take some back. Points that the case pays for
    stay with the customer, who spent them; that money earns none.
    """
    if order.status != OrderStatus.COMPLETED:
        return 0
    kept = money.balance(session, order.order_id) - _points_paid(session, order)
    row = session.get(ReturnRow, return_id) if return_id else None
    fee, points = (row.fees.get(POINTS_FEE, 0), row.points_spent) if row else (0, 0)
    return (kept - amount - Money(fee, order.currency)).whole - kept.whole + points


def _points_paid(session: Session, order: OrderRow) -> Money:
    """What cases of the order whose money moved have kept for points that were spent."""
    moved = select(MoneyMovementRow.return_id).where(MoneyMovementRow.order_id == order.order_id)
    fee = func.coalesce(func.sum(ReturnRow.fees[POINTS_FEE].as_integer()), 0)
    return Money(int(session.scalar(select(fee).where(ReturnRow.return_id.in_(moved))) or 0), order.currency)
