"""Refunds that the gateway is asked for and has not answered: their money is neither ours nor the customer's."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session

from domain.disputes import REFUND_KEY
from domain.money import Money
from models.database import Sessions
from models.locks import Lock, try_lock
from models.order import OrderRow
from models.payment import AskedRefundRow
from models.refunds import RefundTaskRow
from record import money
from record.orders import payment_claims, refund_shares
from record.orders.payment_links import BEHIND

A, T = AskedRefundRow, RefundTaskRow
LATE = timedelta(hours=1)
"""A refund without an answer for as long as this may have nobody any more who asks for it."""
AT_ONCE = 1_000


def ask(session: Session, key: str, order: OrderRow, amount: Money, return_id: str) -> Sequence[tuple[str, Money]]:
    """Return how much is to be asked of which payment, empty for the order's own. Other refunds of the order, which the
    caller has locked, see it from now on.

    A case has fixed its amount before. Any other refund is for no more than is left now: another one may have been
    asked for since the caller looked.
    """
    if not return_id:
        left = {one.currency: one for one in money.due_back(session, order.order_id, but=key)}
        amount = min(amount, left.get(amount.currency, Money(0, amount.currency)))
    if amount.minor_units <= 0:
        return []
    parts = refund_shares.shares(session, order, amount)
    for link, part in parts:
        known = {"key": key, "link": link, "order_id": order.order_id, "return_id": return_id or None}
        session.add(AskedRefundRow(**known, amount_minor=part.minor_units, currency=part.currency))
    return parts


def for_case(session: Session, return_id: str, but: str = "") -> int:
    """Return what is asked for a return case and not answered, in minor units, without the refund with the key
    `but`."""
    of_case = AskedRefundRow.return_id == return_id, AskedRefundRow.key != but
    return int(session.scalar(select(func.coalesce(func.sum(AskedRefundRow.amount_minor), 0)).where(*of_case)) or 0)


def answered(session: Session, key: str, link: str) -> None:
    """The gateway has paid this part back, or refused to."""
    session.execute(delete(AskedRefundRow).where(AskedRefundRow.key == key, AskedRefundRow.link == link))


def unanswered(session: Session, order_id: str, since: datetime, mine: str = "") -> list[AskedRefundRow]:
    """Return the parts of an order's refunds that were asked for before `since` and nobody has answered; whatever their
    age those whose key begins with `mine`. Those of persons and of banks are not among them."""
    due = A.asked_at <= since
    if mine:
        due |= A.key.startswith(mine, autoescape=True)
    found = select(A).where(A.order_id == order_id, *_of_payments(), due)
    return list(session.scalars(found.order_by(A.asked_at, A.key, A.link)))


class UnansweredSweep:
    """Has refunds asked for again whose workflow has ended without their answer; once an hour, in one worker."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def run(self, now: datetime) -> int:
        """Return how many orders have such refunds."""
        late = select(A.order_id).where(A.asked_at <= now - LATE, *_of_payments()).distinct()
        with self._sessions.begin() as session:
            if not try_lock(session, Lock.UNANSWERED):
                return 0
            orders = session.scalars(late.order_by(A.order_id).limit(AT_ONCE)).all()
            for order_id in orders:
                payment_claims.ask_for_check(session, order_id, f"{order_id}:unanswered:{now:%Y-%m-%dT%H}")
        return len(orders)


def _of_payments() -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Of a payment or a channel: no person has a task for it, and no bank decides about it."""
    own = func.concat(A.key, func.nullif(func.concat(BEHIND, A.link), BEHIND))
    return ~select(T.task_id).where(T.key == own).exists(), ~A.key.startswith(REFUND_KEY)
