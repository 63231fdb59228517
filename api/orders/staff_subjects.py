"""Finds and locks the order or the case that staff work on."""

from collections.abc import Callable

from sqlalchemy.orm import Session

from api.access import Caller
from api.errors import REFUSED, Problem
from api.orders.view import find_order
from api.returns.view import find_return
from domain.people import is_erased
from models.order import OrderRow
from models.returns import ReturnRow
from record.orders.staff_work import Subject, locked

Find = Callable[[Session, str, Caller], tuple[OrderRow, ReturnRow | None]]


def the_order(session: Session, order_id: str, caller: Caller) -> tuple[OrderRow, None]:
    return find_order(session, order_id, caller), None


def the_case(session: Session, return_id: str, caller: Caller) -> tuple[OrderRow, ReturnRow]:
    case, order = find_return(session, return_id, caller)
    return order, case


def lock_subject(session: Session, find: Find, name: str, caller: Caller) -> Subject:
    """A 404 if there is none or the caller may not see it."""
    order, case = find(session, name, caller)
    return locked(session, order.order_id, case)


def refuse_erased(subject: Subject) -> None:
    """A 409 for words about somebody who was erased."""
    if is_erased(subject.order.customer_id):
        raise Problem(REFUSED, "the customer was erased: nothing is written about them any more")


def ids_of(subject: Subject) -> dict[str, str | None]:
    return {"order_id": subject.order.order_id, "return_id": subject.return_id}
