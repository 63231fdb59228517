"""Refunds that the gateway is asked for and has not answered: their money is neither ours nor the customer's."""

from collections.abc import Sequence

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from domain.money import Money
from models.order import OrderRow
from models.payment import AskedRefundRow
from record import money
from record.orders import refund_shares


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
