"""What a channel says that it has paid back is booked once: as what it was asked for, or as its own doing."""

from sqlalchemy import Select, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from domain.disputes import REFUND_KEY
from domain.money import Money
from domain.tenders import TenderKind
from models.order import OrderRow
from models.payment import AskedRefundRow, MoneyMovementRow, TenderRow
from record.order_mapping import lock_order
from record.orders import asked_refunds, booked_refunds, refund_shares, refund_tasks
from record.orders.booked_refunds import BookedRefund
from record.orders.movements import Movement, book
from record.orders.payment_links import BEHIND, key_of

A, M = AskedRefundRow, MoneyMovementRow
GONE = ("refunded", "credited", "moved", "forfeited")


def book_told(session: Session, row: OrderRow, total: int) -> None:
    """Book what is new in the total, in minor units, that the channel has paid back for an order and those that follow
    it. `row` is locked.

    Tasks of persons are taken as paid, the oldest first; then calls that the channel has not answered, if they are for
    no more than the news. The rest is the channel's own doing.
    """
    if total <= 0:
        return
    orders = _family(session, row)
    news = total - sum(_sums(session, one, row.currency).get("refunded", 0) for one in orders)
    reference = row.payment_reference or f"{row.channel}:{row.channel_order_id}"
    for asked in _asked(session, orders, row.currency) if news > 0 else ():
        key = key_of(asked.key, asked.link)
        task = refund_tasks.open_task(session, key)
        if task is not None and news > 0:
            paid = min(news, asked.amount_minor)
            refund_tasks.pay(session, task, paid, reference, row.channel)
            news -= paid
        elif task is None and asked.amount_minor <= news:
            news -= asked.amount_minor
            amount, whose = Money(asked.amount_minor, row.currency), asked.return_id or ""
            paid_back = BookedRefund(key, amount, reference, whose, whose or key, actor=row.channel)
            booked_refunds.book(session, lock_order(session, asked.order_id), paid_back)
            asked_refunds.answered(session, asked.key, asked.link)
            booked_refunds.end_case(session, whose)
    sums = _sums(session, row.order_id, row.currency)
    held = sums.get("captured", 0) - sum(sums.get(kind, 0) for kind in GONE)
    if (own := min(news, held)) > 0:
        for payment, part in refund_shares.shares(session, row, Money(own, row.currency), TenderKind.PLATFORM):
            book(session, Movement(row.order_id, payment or reference, "refunded", part, key_of(f":{total}", payment)))


def _family(session: Session, row: OrderRow) -> list[str]:
    """Return the ids of the order and of all that its money has moved to."""
    found = [row.order_id]
    for order_id in found:
        found += session.scalars(select(OrderRow.order_id).where(OrderRow.follow_up_of == order_id))
    return found


def _sums(session: Session, order_id: str, currency: str) -> dict[str, int]:
    """Return what has moved of the payments that the channel collects, by kind: it says nothing of others."""
    link = func.split_part(M.key, BEHIND, 2)
    of_channel = (link == "") | link.in_(_tenders(M.order_id))
    of_order = M.order_id == order_id, M.currency == currency, of_channel
    sums = select(M.kind, func.sum(M.amount_minor)).where(*of_order).group_by(M.kind)
    return {kind: int(minor) for kind, minor in session.execute(sums)}


def _tenders(order_id: InstrumentedAttribute[str]) -> Select[str]:
    """Return the tenders that a channel collects."""
    return select(TenderRow.reference).where(TenderRow.order_id == order_id, TenderRow.kind == TenderKind.PLATFORM)


def _asked(session: Session, orders: list[str], currency: str) -> list[AskedRefundRow]:
    """Return what was asked of the channel and not answered, tasks first, then the oldest."""
    # Money in dispute is the bank's matter.
    of_channel = (A.link == "") | A.link.in_(_tenders(A.order_id)), ~A.key.startswith(REFUND_KEY)
    mine = A.order_id.in_(orders), *of_channel, A.currency == currency
    found = session.scalars(select(A).where(*mine).order_by(A.asked_at, A.key)).all()
    return sorted(found, key=lambda one: refund_tasks.open_task(session, key_of(one.key, one.link)) is None)
