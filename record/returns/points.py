"""Loyalty points of returned sales: the balance that the CRM reports, and the fee for points that were spent."""

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


class PointsReader:
    def __init__(self, sessions: Sessions, crm: Crm) -> None:
        self.sessions = sessions
        self.crm = crm

    def balance(self, row: ReturnRow, rules: Parameters) -> int | None:
        """Return the points that the customer of a case has; None where no rule needs them or the CRM does not know the
        customer.

        Raises PartnerTrouble while the CRM does not answer.
        """
        with self.sessions() as session:
            order = order_of(session, row.order_id)
            terms = of_channel(rules.return_terms, order.channel) or Terms()
            fixed = row.refund_minor is not None
            if fixed or terms.points != PointsSpent.DEDUCT or not rules.points_value.get(order.currency):
                return None
            waiting = _unsent_points(session, row.order_id)
        try:
            return self.crm.points(order.customer_id) + waiting
        except UnknownCustomer:
            return None


def spent(session: Session, row: ReturnRow, due: int, balance: int | None, rules: Parameters) -> tuple[int, int]:
    """Return how many of the points to take back with `due` minor units were spent, and the fee kept for them, in minor
    units."""
    if balance is None:
        return 0, 0
    order = order_of(session, row.order_id)
    back = -points_back(session, order, Money(due, order.currency))
    return deduct_points(back - max(0, balance), due, rules.points_value.get(order.currency, 0))


def _unsent_points(session: Session, order_id: str) -> int:
    """Return the points of the order, given or taken back, in messages that the CRM has not taken yet."""
    where = MessageRow.order_id == order_id, MessageRow.recipient == "crm", MessageRow.sent_at.is_(None)
    points = func.coalesce(func.sum(MessageRow.data["points"].as_integer()), 0)
    return int(session.scalar(select(points).where(*where)) or 0)


POINTS_FEE = "points_spent"
"""The name of the fee that a case keeps for spent points."""


def points_back(session: Session, order: OrderRow, amount: Money, return_id: str = "") -> int:
    """Return the points, below zero, to take back with this amount, so that a point remains per whole unit kept.

    Points were given for what was kept at delivery, so only later movements take some back. Points that the case keeps
    a fee for stay with the customer, who spent them; that money earns none.
    """
    if order.status != OrderStatus.COMPLETED:
        return 0
    kept = money.balance(session, order.order_id) - _points_paid(session, order)
    row = session.get(ReturnRow, return_id) if return_id else None
    fee, points = (row.fees.get(POINTS_FEE, 0), row.points_spent) if row else (0, 0)
    return (kept - amount - Money(fee, order.currency)).whole - kept.whole + points


def _points_paid(session: Session, order: OrderRow) -> Money:
    """Return the fees for spent points of the order's cases whose money moved."""
    moved = select(MoneyMovementRow.return_id).where(MoneyMovementRow.order_id == order.order_id)
    fee = func.coalesce(func.sum(ReturnRow.fees[POINTS_FEE].as_integer()), 0)
    return Money(int(session.scalar(select(fee).where(ReturnRow.return_id.in_(moved))) or 0), order.currency)
