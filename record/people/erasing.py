"""Erase persons: their personal data is removed, and their orders stay for figures and proofs."""

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import structlog
from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from domain.people import ERASED, digits_of
from domain.regions import official_provinces
from domain.status import ORDER, RETURN, OrderStatus, ReturnStatus, is_final
from models.database import Sessions
from models.erasure import ErasureDueRow
from models.order import OrderRow
from record.people.finding import orders_of
from record.people.forgetting import FORGET
from record.set_aside import MAX_ATTEMPTS, error_name, is_rows_own, set_aside

log = structlog.get_logger()

OPEN = {
    "open": [status for status in OrderStatus if not is_final(ORDER, status)],
    "open_cases": [status for status in ReturnStatus if not is_final(RETURN, status)],
}
# Orders whose goods or messages must still reach the person, or whose invoices the person must still pay.
UNDER_WAY = text("""
    SELECT order_id FROM orders WHERE order_id = ANY(:orders) AND (status = ANY(:open)
        OR EXISTS (SELECT FROM returns WHERE returns.order_id = orders.order_id AND status = ANY(:open_cases))
        OR EXISTS (SELECT FROM messages WHERE messages.order_id = orders.order_id AND sent_at IS NULL
            AND parked_at IS NULL)
        OR EXISTS (SELECT FROM credit_claims AS c WHERE c.order_id = orders.order_id AND closed_at IS NULL)
        OR EXISTS (SELECT FROM invoices AS i WHERE i.order_id = orders.order_id AND closed_at IS NULL))
    ORDER BY order_id
""")
DUE = text("""
    SELECT order_id FROM erasures_due WHERE NOT EXISTS (
        SELECT FROM set_asides WHERE kind = 'erasure' AND subject = order_id AND aside_at IS NOT NULL)
    ORDER BY asked_at
""")
NAMES = text("SELECT unnest(ARRAY[customer_id, receiver_token, buyer_token]) FROM orders WHERE order_id = ANY(:orders)")
REACHED = text("""
    SELECT receiver->>'phone' AS phone, receiver->>'email' AS email FROM orders WHERE order_id = ANY(:orders)
""")


@dataclass(frozen=True, slots=True)
class Erased:
    """The number of erased orders and the pseudonym that they share.

    Orders of the person that are `under_way` are erased soon after they end.
    """

    orders: int = 0
    pseudonym: str = ""
    under_way: Sequence[str] = field(default=())


def erase(sessions: Sessions, names: Collection[str], by: str) -> Erased:
    """Erase the person with any of `names`, as `orders_of` takes them, in one transaction.

    Safe to repeat: erased orders are not found again, and orders under way keep their first pseudonym.
    """
    with sessions.begin() as session:
        orders = _locked(session, orders_of(session, names))
        if not orders:
            return Erased()
        pseudonym = f"{ERASED}{secrets.token_hex(8)}"
        under_way = list(session.scalars(UNDER_WAY, {"orders": orders, **OPEN}))
        if later := [{"order_id": order_id, "pseudonym": pseudonym, "asked_by": by} for order_id in under_way]:
            session.execute(insert(ErasureDueRow).values(later).on_conflict_do_nothing())
        over = [order_id for order_id in orders if order_id not in set(under_way)]
        if over:
            _erase_orders(session, over, pseudonym, by)
        return Erased(len(over), pseudonym, under_way)


def erase_due(sessions: Sessions) -> int:
    """Erase orders that ended since their erasure was requested. Return how many."""
    with sessions() as session:
        due = list(session.scalars(DUE))
        waiting = set(session.scalars(UNDER_WAY, {"orders": due, **OPEN})) if due else set()
    return sum(_erase_one(sessions, order_id) for order_id in due if order_id not in waiting)


def _erase_one(sessions: Sessions, order_id: str) -> bool:
    """Erase one order. One that fails is set aside and does not block the others."""
    try:
        with sessions.begin() as session:
            # Of several workers each takes a different order.
            mine = select(ErasureDueRow).where(ErasureDueRow.order_id == order_id).with_for_update(skip_locked=True)
            due = session.scalar(mine)
            if due is None or session.scalars(UNDER_WAY, {"orders": [order_id], **OPEN}).first():
                return False
            _erase_orders(session, _locked(session, [order_id]), due.pseudonym, due.asked_by)
            return True
    except Exception as trouble:
        if not is_rows_own(trouble):
            raise
        with sessions.begin() as session:
            set_aside(session, "erasure", [order_id], error_name(trouble), MAX_ATTEMPTS)
        log.error("not_erased", order_id=order_id, error=error_name(trouble))
        return False


def _locked(session: Session, orders: Sequence[str]) -> list[str]:
    rows = select(OrderRow.order_id).where(OrderRow.order_id.in_(orders)).order_by(OrderRow.order_id)
    return list(session.scalars(rows.with_for_update()))


def _erase_orders(session: Session, orders: Sequence[str], pseudonym: str, by: str) -> None:
    names = set(session.scalars(NAMES, {"orders": orders})) - {""}
    rows = session.execute(REACHED, {"orders": orders}).all()
    # The last digits, since channels write numbers with or without the country code.
    reached = {digits_of(row.phone)[-9:] for row in rows if row.phone} | {row.email for row in rows if row.email}
    values = {"orders": orders, "names": sorted(names), "pseudonym": pseudonym, "by": by}
    values["reached"] = sorted(word for word in reached if len(word) >= 9)
    values["provinces"] = sorted(official_provinces())
    for statement in FORGET:
        session.execute(text(statement.replace("::", r"\:\:")), values)
    session.execute(delete(ErasureDueRow).where(ErasureDueRow.order_id.in_(orders)))
