"""How much of an order's money we hold: captured, less what was paid back or is about to be.

All but `due_back` count the order's own currency only."""

from sqlalchemy import ColumnElement, ScalarSelect, Select, bindparam, case, exists, func, select, union_all
from sqlalchemy.orm import Session

from domain.disputes import REFUND_KEY
from domain.money import Money
from domain.status import RETURN, ReturnStatus, is_final
from models.base import table
from models.order import OrderRow
from models.payment import AskedRefundRow, MoneyMovementRow
from models.prepared import prepared
from models.returns import ReturnRow

INFLOWS = {"captured": 1, "moved": -1}
"""Money moved to a follow-up order counts as captured there."""
OUTFLOWS = {"refunded": -1, "credited": -1, "forfeited": -1}
"""What is no longer the customer's to have back."""
UNDER_WAY = [status for status in ReturnStatus if status != ReturnStatus.REQUESTED and not is_final(RETURN, status)]
"""Statuses of cases that are approved and have not ended."""

_ORDERS, _MOVEMENTS, _CASES = table(OrderRow), table(MoneyMovementRow), table(ReturnRow)
_ASKED = table(AskedRefundRow)
_OF_ORDER = _ORDERS.c.order_id == bindparam("order_id")


def _sum_of(signs: dict[str, int], *which: ColumnElement[bool]) -> ScalarSelect[int]:
    """The signed sum of an order's movements, without the one whose key is `but`."""
    of_order = (
        (_MOVEMENTS.c.order_id == _ORDERS.c.order_id)
        & (_MOVEMENTS.c.currency == _ORDERS.c.currency)
        & (_MOVEMENTS.c.key != bindparam("but"))
    )
    signed = _MOVEMENTS.c.amount_minor * case(signs, value=_MOVEMENTS.c.kind, else_=0)
    return select(func.coalesce(func.sum(signed), 0)).where(of_order, *which).scalar_subquery()


def _claimed(amount: ColumnElement[int], *kinds: str) -> ScalarSelect[int]:
    """What of the amounts that cases have fixed has not moved yet. Money moves a moment before its case records it."""
    of_case = _MOVEMENTS.c.return_id == _CASES.c.return_id, _MOVEMENTS.c.kind.in_(kinds)
    moved = select(func.coalesce(func.sum(_MOVEMENTS.c.amount_minor), 0)).where(*of_case).scalar_subquery()
    of_order = _CASES.c.order_id == _ORDERS.c.order_id
    return select(func.coalesce(func.sum(func.greatest(0, amount - moved)), 0)).where(of_order).scalar_subquery()


# Refunds that no case has fixed and the gateway has not answered, but that with the key `but`.
_UNDER_WAY = _ASKED.c.return_id.is_(None) & (_ASKED.c.key != bindparam("but"))


# One statement each, so that no movement comes between two reads.
# The keys of what payment links have paid name their link (record/orders/payment_links.py).
_CAPTURED = _sum_of(INFLOWS, func.strpos(_MOVEMENTS.c.key, "@") == 0)
_BALANCE = _sum_of(INFLOWS | OUTFLOWS)
_ASKED_FOR = (
    select(func.coalesce(func.sum(_ASKED.c.amount_minor), 0))
    .where(_ASKED.c.order_id == _ORDERS.c.order_id, _ASKED.c.currency == _ORDERS.c.currency, _UNDER_WAY)
    .scalar_subquery()
)
_REFUNDABLE = (
    _BALANCE - _claimed(_CASES.c.refund_minor, *OUTFLOWS) - _claimed(_CASES.c.moved_minor, "moved") - _ASKED_FOR
)
_READ_CAPTURED, _READ_BALANCE, _READ_REFUNDABLE = (
    prepared(select(_ORDERS.c.currency, total.label("total")).where(_OF_ORDER))
    for total in (_CAPTURED, _BALANCE, _REFUNDABLE)
)

_signs = case(INFLOWS | OUTFLOWS, value=_MOVEMENTS.c.kind, else_=0)
_parts = union_all(
    select(_MOVEMENTS.c.currency, (_MOVEMENTS.c.amount_minor * _signs).label("minor")).where(
        _MOVEMENTS.c.order_id == bindparam("order_id")
    ),
    select(_ASKED.c.currency, -_ASKED.c.amount_minor).where(_ASKED.c.order_id == bindparam("order_id"), _UNDER_WAY),
).subquery()
_READ_OTHERS = prepared(
    select(_parts.c.currency, func.sum(_parts.c.minor).label("total"))
    .group_by(_parts.c.currency)
    .order_by(_parts.c.currency)
)


def captured(session: Session, order_id: str) -> Money:
    """Return what was captured for the order without its payment links, less what moved to a follow-up order."""
    return _read(session, _READ_CAPTURED, order_id)


def balance(session: Session, order_id: str, but: str = "") -> Money:
    """Return what was captured, less refunds and store credit.

    The refund with the key `but` is ignored, so that a repeat of it asks for the same amount."""
    return _read(session, _READ_BALANCE, order_id, but)


def refundable(session: Session, order_id: str, but: str = "") -> Money:
    """Return the balance, less what return cases have fixed to pay back or to move but have not moved yet, and less
    what the gateway is asked for."""
    return _read(session, _READ_REFUNDABLE, order_id, but)


def due_back(session: Session, order_id: str, but: str = "") -> list[Money]:
    """Return the amounts that an order without goods pays back: the refundable, and captures in other currencies."""
    own = refundable(session, order_id, but)
    others = session.execute(_READ_OTHERS, {"order_id": order_id, "but": but}).all()
    amounts = [own, *(Money(int(row.total), row.currency) for row in others if row.currency != own.currency)]
    return [amount for amount in amounts if amount.minor_units > 0]


def awaits_case(session: Session, order_id: str) -> bool:
    """True while an approved case has not fixed its refund: the refundable money may be for it."""
    unpaid = ReturnRow.order_id == order_id, ReturnRow.status.in_(UNDER_WAY), ReturnRow.refund_minor.is_(None)
    return bool(session.scalar(select(exists().where(*unpaid))))


def paid_to_case(session: Session, return_id: str) -> int:
    """Return what the return case has had back, in minor units."""
    of_case = MoneyMovementRow.return_id == return_id, MoneyMovementRow.kind.in_(OUTFLOWS)
    return int(session.scalar(select(func.coalesce(func.sum(MoneyMovementRow.amount_minor), 0)).where(*of_case)) or 0)


def total_captured(session: Session, order_id: str, currency: str) -> int:
    """Return all that was ever captured for the order in this currency, in minor units."""
    return _total(session, order_id, currency, "captured")


def total_paid_back(session: Session, order_id: str, currency: str) -> int:
    """Return all that was ever paid back of the order in this currency, or asked for, in minor units; not what a bank
    has taken and not decided about."""
    asked = select(func.coalesce(func.sum(_ASKED.c.amount_minor), 0)).where(
        _ASKED.c.order_id == order_id, _ASKED.c.currency == currency, ~_ASKED.c.key.startswith(REFUND_KEY)
    )
    return _total(session, order_id, currency, "refunded") + int(session.scalar(asked) or 0)


def _total(session: Session, order_id: str, currency: str, kind: str) -> int:
    of_order = _MOVEMENTS.c.order_id == order_id, _MOVEMENTS.c.kind == kind, _MOVEMENTS.c.currency == currency
    return int(session.scalar(select(func.coalesce(func.sum(_MOVEMENTS.c.amount_minor), 0)).where(*of_order)) or 0)


def _read(session: Session, which: Select[tuple[str, int]], order_id: str, but: str = "") -> Money:
    row = session.execute(which, {"order_id": order_id, "but": but}).one()
    return Money(int(row.total), row.currency)


def credit_note(key: str) -> str:
    """Return the number of the ERP's credit note for the movement with this key."""
    return f"CN-{key}"
