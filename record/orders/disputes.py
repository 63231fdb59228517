"""Disputes of an order: told by the gateway, a channel or a settlement file; their money is gone until it is decided.

That money is kept as a refund without an answer (record/orders/asked_refunds.py), so that nothing else of the order is
paid back out of it: lost, it is booked as refunded; won, it is free again.
"""

from datetime import UTC, datetime

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.orm import Session

from domain.disputes import DISPUTE_DUE, DISPUTED, REFUND_KEY, WARN_BEFORE, DisputeOutcome, DisputeReport, Stage
from domain.milestones import BOOKS
from domain.money import Money
from domain.status import UNDONE
from models.database import Sessions
from models.disputes import DisputeRow
from models.order import HoldRow, OrderRow
from models.payment import AskedRefundRow
from record import journal, money
from record.order_mapping import lock_order
from record.orders import booked_refunds, payment_claims, refund_shares
from record.orders.booked_refunds import BookedRefund
from record.orders.payment_links import key_of

D = DisputeRow
UNSENT = "answer the dispute: "
"""The prefix of this attention, by which it is known from other reasons."""
_ATTENTION = text("""
    UPDATE orders SET attention = :reason WHERE order_id = :order_id AND (attention IS NULL OR attention LIKE :mine)
""")
_CALM = text("UPDATE orders SET attention = NULL WHERE order_id = :order_id AND attention LIKE :mine")
AT_ONCE = 100


def tell(session: Session, order_id: str, told: DisputeReport, source: str) -> DisputeRow:
    """Take over what is said of a dispute, once however often. What was decided stays decided."""
    order = lock_order(session, order_id)
    name = f"{source}:{told.dispute_id}"
    row = session.get(D, name, populate_existing=True) or _open(session, order, name, told)
    if row.outcome or row.order_id != order_id:
        return row
    row.stage, row.reason_code = told.stage, told.reason_code or row.reason_code
    if told.respond_by is not None and told.respond_by != row.respond_by:
        row.respond_by = told.respond_by
        row.warn_at = None if row.evidence_at else told.respond_by - WARN_BEFORE
    _take(session, order, row)
    if told.outcome is not None:
        _decide(session, order, row, told.outcome)
    _show(session, order)
    return row


def mark_sent(session: Session, row: DisputeRow, by: str) -> None:
    """Record that the evidence was sent; the first time counts. The caller has locked the order."""
    if row.evidence_at is None:
        row.evidence_at, row.evidence_by, row.warn_at = datetime.now(UTC), by, None
        told = {"dispute_id": row.dispute_id}
        journal.append_fact(session, row.order_id, "dispute.answered", f"{row.dispute_id}:answered", told, by)
        _clear(session, row)


def is_held(session: Session, order_ids: list[str]) -> bool:
    """True if an order's money is in dispute or lost by one, and nobody has released the hold since."""
    released = select(func.max(HoldRow.released_at)).where(HoldRow.order_id == D.order_id, HoldRow.code == DISPUTED)
    open_ones = select(D.dispute_id).where(
        D.order_id.in_(order_ids),
        D.outcome != DisputeOutcome.WON,
        func.coalesce(released.scalar_subquery() < D.opened_at, True),
    )
    return session.scalars(open_ones.limit(1)).first() is not None


def undecided(session: Session, order_id: str) -> int:
    """Return what banks have taken of the order and not decided about, in minor units."""
    taken = select(func.coalesce(func.sum(D.taken_minor), 0)).where(D.order_id == order_id, D.outcome == "")
    return int(session.scalar(taken) or 0)


class DisputeSweep:
    """Calls a person before the time to answer a dispute runs out."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def run(self, now: datetime | None = None) -> int:
        """Warn of those that are due. Return how many there were."""
        due = select(D).where(D.warn_at <= (now or datetime.now(UTC))).order_by(D.warn_at).limit(AT_ONCE)
        with self._sessions.begin() as session:
            rows = session.scalars(due.with_for_update(skip_locked=True)).all()
            for row in rows:
                row.warn_at = None
                by = f"{row.respond_by:%Y-%m-%d %H:%M} UTC" if row.respond_by else "soon"
                reason = f"{UNSENT}{row.dispute_id} by {by}"
                session.execute(_ATTENTION, {"order_id": row.order_id, "reason": reason, "mine": f"{UNSENT}%"})
                alert = {"code": DISPUTE_DUE, "reason": reason}
                key = f"alert:{DISPUTE_DUE}:{row.dispute_id}:{by}"
                journal.append_fact(session, row.order_id, "alert.raised", key, alert)
        return len(rows)


def _open(session: Session, order: OrderRow, name: str, told: DisputeReport) -> DisputeRow:
    row = D(
        dispute_id=name,
        order_id=order.order_id,
        payment_reference=told.payment_reference or order.payment_reference,
        amount_minor=told.amount.minor_units,
        taken_minor=0,
        currency=told.amount.currency,
        reason_code=told.reason_code,
        stage=told.stage,
        respond_by=told.respond_by,
        warn_at=told.respond_by - WARN_BEFORE if told.respond_by else None,
        outcome="",
    )
    session.add(row)
    session.flush()
    session.refresh(row)
    amount = {"amount": told.amount.text, "currency": told.amount.currency}
    data = {"dispute_id": name, "reason_code": told.reason_code, "stage": told.stage} | amount
    journal.append_fact(session, order.order_id, "dispute.opened", f"{name}:opened", data, name.partition(":")[0])
    return row


def _take(session: Session, order: OrderRow, row: DisputeRow) -> None:
    """Set the money aside, once, unless the bank only asks: at most what is held of that payment and for nobody
    else."""
    if row.taken_minor or row.stage == Stage.INQUIRY or row.currency != order.currency:
        return
    link = refund_shares.payment_of(session, order, row.payment_reference)
    left = refund_shares.left_of(session, order.order_id, row.currency, link)
    row.taken_minor = max(0, min(row.amount_minor, left, money.refundable(session, order.order_id).minor_units))
    if row.taken_minor:
        kept = {"order_id": order.order_id, "amount_minor": row.taken_minor, "currency": row.currency}
        session.add(AskedRefundRow(key=f"{REFUND_KEY}{row.dispute_id}", link=link, **kept))


def _decide(session: Session, order: OrderRow, row: DisputeRow, outcome: DisputeOutcome) -> None:
    key = f"{REFUND_KEY}{row.dispute_id}"
    session.flush()
    session.execute(delete(AskedRefundRow).where(AskedRefundRow.key == key))
    if outcome is DisputeOutcome.LOST and row.taken_minor:
        paid_by = refund_shares.payment_of(session, order, row.payment_reference)
        lost = BookedRefund(key_of(key, paid_by), Money(row.taken_minor, row.currency), row.dispute_id, subject=key)
        # The customer has the money by the bank, and hears of it from there.
        booked_refunds.book(session, order, lost, told=BOOKS)
    row.outcome, row.decided_at, row.warn_at = outcome, datetime.now(UTC), None
    told = {"dispute_id": row.dispute_id}
    journal.append_fact(session, order.order_id, f"dispute.{outcome}", f"{row.dispute_id}:{outcome}", told)
    _clear(session, row)
    if outcome is DisputeOutcome.WON and row.taken_minor and order.status in UNDONE:
        # Nobody works on the order any more: its money is paid back by a settlement.
        payment_claims.ask_for_check(session, order.order_id, f"{row.dispute_id}:{outcome}")


def _show(session: Session, order: OrderRow) -> None:
    """Keep with the order what is disputed or lost; a new version has an audit judge it again before it goes on."""
    session.flush()
    mine = D.order_id == order.order_id, D.outcome != DisputeOutcome.WON
    disputed = int(session.scalar(select(func.coalesce(func.sum(D.amount_minor), 0)).where(*mine)) or 0)
    if disputed != order.disputed_minor:
        changed = {"disputed_minor": disputed, "version": OrderRow.version + 1}
        session.execute(update(OrderRow).where(OrderRow.order_id == order.order_id).values(changed))


def _clear(session: Session, row: DisputeRow) -> None:
    session.flush()
    key = f"alert:{DISPUTE_DUE}:{row.dispute_id}:over"
    warned = session.execute(_CALM, {"order_id": row.order_id, "mine": f"{UNSENT}{row.dispute_id} %"}).rowcount  # type: ignore[attr-defined]
    if warned:
        journal.append_fact(session, row.order_id, "alert.cleared", key, {"code": DISPUTE_DUE})
