"""Cases and credit notes of orders, for their snapshots."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ARRAY, Text, any_, bindparam, func, select
from sqlalchemy.orm import Session

from domain import milestones
from domain.contents.snapshot import Case, CreditNote
from domain.money import Money
from models.base import table
from models.messaging import MessageRow
from models.order import OrderRow
from models.payment import MoneyMovementRow
from models.prepared import prepared
from models.returns import ReturnRow
from record.returns import cases

GIVEN_BACK = ("refunded", "credited", "moved")

# Built once: building a statement costs more than sending it.
_IDS = any_(bindparam("orders", type_=ARRAY(Text)))
_CASES = prepared(
    select(ReturnRow, OrderRow.currency)
    .join(OrderRow, OrderRow.order_id == ReturnRow.order_id)
    .where(ReturnRow.order_id == _IDS)
)
_MONEY, _NOTES = table(MoneyMovementRow), table(MessageRow)
_SALES = _NOTES.alias()
_OF_ERP = (_NOTES.c.recipient == "erp") & (_NOTES.c.order_id == _MONEY.c.order_id)
_IS_SALE = (_SALES.c.recipient == "erp") & (_SALES.c.milestone == milestones.DELIVERED)
# What was told after the sale is credited of it: both are written under the lock of the order.
_BACK = prepared(
    select(
        *(_MONEY.c.order_id, _MONEY.c.amount_minor, _MONEY.c.currency, _MONEY.c.return_id),
        _NOTES.c.data["credit_note"].astext.label("credit_note"),
        func.coalesce(_NOTES.c.sequence > _SALES.c.sequence, False).label("after_sale"),
    )
    .select_from(
        _MONEY.join(_NOTES, _OF_ERP & (_NOTES.c.data["credit_note"].astext == "CN-" + _MONEY.c.key)).outerjoin(
            _SALES, _IS_SALE & (_SALES.c.order_id == _MONEY.c.order_id)
        )
    )
    .where(_MONEY.c.order_id == _IDS, _MONEY.c.kind.in_(GIVEN_BACK))
    .order_by(_NOTES.c.sequence)
)
_PAID = prepared(
    select(_MONEY.c.order_id, func.min(_MONEY.c.at))
    .where(_MONEY.c.order_id == _IDS, _MONEY.c.kind == "captured")
    .group_by(_MONEY.c.order_id)
)


def paid_at(session: Session, order_id: str) -> datetime | None:
    """Return when the order was paid; None while it is not."""
    return next((at for _, at in session.execute(_PAID, {"orders": [order_id]})), None)


def load_credit_notes(session: Session, orders: Sequence[str]) -> dict[str, list[CreditNote]]:
    """Return credit notes by order id, in the sequence of the ERP's messages."""
    found: dict[str, list[CreditNote]] = defaultdict(list)
    for row in session.execute(_BACK, {"orders": list(orders)}):
        amount = Money(row.amount_minor, row.currency)
        found[row.order_id].append(CreditNote(row.credit_note, amount, row.after_sale, row.return_id or ""))
    return found


def load_cases(session: Session, orders: Sequence[str]) -> dict[str, dict[str, Case]]:
    """By order id and return id."""
    found: dict[str, dict[str, Case]] = defaultdict(dict)
    for row, currency in session.execute(_CASES, {"orders": list(orders)}):
        found[row.order_id][row.return_id] = Case(
            *(row.return_id, row.kind, row.status, row.reason_code, row.refusal or ""),
            asked=cases.asked(session, row.return_id),
            units=cases.returned_units(session, row) if row.value_minor is not None else {},
            fees={name: Money(fee, currency) for name, fee in row.fees.items()},
            requested_at=row.requested_at,
        )
    return found
