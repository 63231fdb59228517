"""How much of an order's money is with us: what was captured, less what went back or is about to."""

from sqlalchemy import Select, bindparam, case, func, select
from sqlalchemy.orm import Session

from domain.money import Money
from models.base import table
from models.order import OrderRow
from models.payment import MoneyMovementRow
from models.returns import ReturnRow

CAME = {"captured": 1, "moved": -1}
"""What is moved to a follow-up order is captured there."""
WENT = {"refunded": -1, "credited": -1}

_ORDERS, _MOVEMENTS, _CASES = table(OrderRow), table(MoneyMovementRow), table(ReturnRow)


def _sum_of(signs: dict[str, int]) -> Select[tuple[str, int]]:
    """The currency of an order, and the sum of its movements without the one whose key is `but`."""
    of_order = (_MOVEMENTS.c.order_id == _ORDERS.c.order_id) & (_MOVEMENTS.c.key != bindparam("but"))
    signed = _MOVEMENTS.c.amount_minor * case(signs, value=_MOVEMENTS.c.kind, else_=0)
    total = select(func.coalesce(func.sum(signed), 0)).where(of_order).scalar_subquery()
    return select(_ORDERS.c.currency, total.label("total")).where(_ORDERS.c.order_id == bindparam("order_id"))


_CAPTURED, _KEPT = _sum_of(CAME), _sum_of(CAME | WENT)
_CLAIMED = select(
    func.coalesce(func.sum(_CASES.c.refund_minor).filter(_CASES.c.refunded_at.is_(None)), 0)
    + func.coalesce(func.sum(_CASES.c.moved_minor).filter(_CASES.c.moved_at.is_(None)), 0)
).where(_CASES.c.order_id == bindparam("order_id"))


def captured(session: Session, order_id: str) -> Money:
    """What was captured for the order and did not go to a follow-up order."""
    return _read(session, _CAPTURED, order_id)


def kept(session: Session, order_id: str, but: str = "") -> Money:
    """What was captured and did not go back, neither as money nor as store credit; the refund whose key is `but` does
    not count: a repeat must ask for the same amount again."""
    return _read(session, _KEPT, order_id, but)


def left(session: Session, order_id: str, but: str = "") -> Money:
    """What is kept, less what return cases are about to pay back or to move: fixed, but not done yet."""
    money = kept(session, order_id, but)
    claimed = session.scalar(_CLAIMED, {"order_id": order_id})
    return money - Money(int(claimed or 0), money.currency)


def _read(session: Session, which: Select[tuple[str, int]], order_id: str, but: str = "") -> Money:
    row = session.execute(which, {"order_id": order_id, "but": but}).one()
    return Money(int(row.total), row.currency)
