"""Pay money back: all that was captured for an order, or what a return is due.

The gateway is asked first what it has captured. Money of another order's payment is never paid back. The terms of
payment say who pays back (activities/refund_ways.py)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session
from temporalio import activity

from activities.refund_ways import ManualRefund, RefundWays
from activities.reserving import give_back
from domain.errors import PartnerTrouble, RefundRefused
from domain.money import Money
from domain.money_alerts import LATE_MONEY, REFUND_REFUSED
from domain.tenders import BALANCES
from domain.undo import Undone, UndoRequest
from integrations.payments import GatewayRefundStatus
from models.database import Sessions
from models.order import OrderRow
from models.payment import MoneyMovementRow
from record import journal, money
from record.order_mapping import lock_order, order_of
from record.orders import (
    asked_refunds,
    balances,
    booked_refunds,
    payment_claims,
    payment_links,
    refund_shares,
    refund_tasks,
)
from record.orders.alerts import call_to
from record.orders.booked_refunds import BookedRefund
from record.orders.captures import ask_gateway

NOT_ITS_OWN = "payment_of_another_order"


@dataclass(frozen=True)
class RefundAnswer:
    """What was refunded, in minor units, and why the gateway refused the rest (a short code): then a person must
    act. `asked_minor` is what a person is asked to pay back at the channel, and is sure to be paid."""

    refunded_minor: int = 0
    refusal: str = ""
    asked_minor: int = 0


class Refunds:
    def __init__(self, sessions: Sessions, ways: RefundWays) -> None:
        self.sessions = sessions
        self.ways = ways

    @activity.defn(no_thread_cancel_exception=True)
    def refund_order(self, undo: UndoRequest) -> Undone:
        """Pay back whatever remains of the payment; safe when nothing was captured."""
        with self.sessions.begin() as session:
            order = order_of(session, undo.order_id)
        answered = self._book_captured(order)
        with self.sessions.begin() as session:
            due = money.due_back(session, undo.order_id, but=_key(order, order.currency))
        for amount in due:
            key, subject = _key(order, amount.currency), "" if amount.currency == order.currency else amount.currency
            answer = refund(self.sessions, self.ways, order, amount, undo.reason, key, subject=subject)
            if answer.refusal:
                return Undone(False, answer.refusal)
        if not answered:
            with self.sessions.begin() as session:
                payment_claims.ask_for_order(session, order, f"{order.order_id}:end")
        return Undone(True)

    def _book_captured(self, order: OrderRow) -> bool:
        """Book what the gateway has captured, and give back what it has only reserved. False if it does not answer: the
        order ends anyway, and the gateway is asked again afterwards."""
        try:
            give_back(self.sessions, self.ways.payments, order.order_id)
            ask_gateway(self.sessions, self.ways.payments, order)
        except PartnerTrouble:
            return False
        return True


def settle_late_money(session: Session, order_id: str, end: str = "late") -> None:
    """Have money paid back that was captured after the refund began; call it in the transaction that ends the order
    without goods.

    A refund that the gateway refused stays with the person who was alerted. While a return case is still to pay,
    nothing happens: this is called again in the transaction that ends the case, with its id as `end`.
    """
    order = order_of(session, order_id)
    unpaid = not order.payment_reference and not order.tendered_minor
    if order.follow_up_of or unpaid or money.awaits_case(session, order_id):
        return
    for amount in money.due_back(session, order_id):
        if amount.minor_units > _refused(session, order, amount.currency):
            payment_claims.ask_for_order(session, order, f"{order_id}:{end}")
            reason = f"{amount.text} {amount.currency} was captured while the order ended: it is paid back"
            call_to(session, order_id, LATE_MONEY, reason, f"{end}:{amount.currency}:{amount.minor_units}")


def refund(
    sessions: Sessions,
    ways: RefundWays,
    order: OrderRow,
    amount: Money,
    reason: str,
    key: str,
    return_id: str = "",
    subject: str = "",
) -> RefundAnswer:
    """Refund once for each key; the movement is written when the gateway has agreed.

    A repeat asks for the amount of the first attempt, whatever was captured meanwhile. `subject` keeps the messages of
    several refunds of one order apart. Money that links have paid goes back to their payments, under keys that name
    them; what one of them refuses does not keep the others from giving theirs.
    """
    with sessions.begin() as session:
        parts = _fix(session, key, order, amount, return_id, {"reason": reason, "subject": subject})
    refunded, asked, refusal = 0, 0, ""
    for link, part in parts:
        answer = _refund_part(sessions, ways, order, link, part, reason, key, return_id, subject)
        if answer.refusal:
            with sessions.begin() as session:
                asked_refunds.answered(session, key, link)
        refunded, asked = refunded + answer.refunded_minor, asked + answer.asked_minor
        refusal = refusal or answer.refusal
    return RefundAnswer(refunded, refusal, asked)


def _refund_part(
    sessions: Sessions,
    ways: RefundWays,
    order: OrderRow,
    link: str,
    amount: Money,
    reason: str,
    key: str,
    return_id: str,
    subject: str,
) -> RefundAnswer:
    """Refund of the order's own payment, or of that of a link or tender."""
    whole, whose = key, return_id or subject
    if link:
        key, whose = f"{key}{payment_links.BEHIND}{link}", f"{whose}:{link}"
    with sessions.begin() as session:
        # Another case may have paid meanwhile and changed the amount: a known key keeps its own.
        if (known := booked_refunds.known(session, key)) is not None:
            return RefundAnswer(known)
        if refund_tasks.asked_before(session, key):
            return RefundAnswer(asked_minor=amount.minor_units)
        kind = refund_shares.kind_of(session, order.order_id, link)
    if not link and not ways.is_own(order):
        return RefundAnswer(refusal=NOT_ITS_OWN)
    try:
        answer = ways.refund(order, link, amount, reason, key, kind)
    except RefundRefused as refusal:
        return RefundAnswer(refusal=refusal.code)
    with sessions.begin() as session:
        # One movement at a time, so that each sees those before it.
        locked = lock_order(session, order.order_id)
        if isinstance(answer, ManualRefund):
            refund_tasks.ask(session, locked, key, amount, answer.why, return_id)
            return RefundAnswer(asked_minor=amount.minor_units)
        if kind in BALANCES:
            balances.give_back(session, order.order_id, link, amount, key)
        succeeded = answer.status == GatewayRefundStatus.SUCCEEDED
        booked_refunds.book(session, locked, BookedRefund(key, amount, answer.refund_id, return_id, whose, succeeded))
        asked_refunds.answered(session, whole, link)
    return RefundAnswer(amount.minor_units)


def _key(order: OrderRow, currency: str) -> str:
    """Return the key of the refund that undoes the payment of the whole order."""
    return f"{order.order_id}:refund:order" + ("" if currency == order.currency else f":{currency}")


def _asked(key: str) -> str:
    return f"{key}:asked"


def _refused(session: Session, order: OrderRow, currency: str) -> int:
    """Return what the gateway was asked to refund with the whole order and has not."""
    key = _key(order, currency)
    asked = (journal.earlier_answer(session, _asked(key)) or {"minor": 0})["minor"]
    done = select(MoneyMovementRow.key, MoneyMovementRow.amount_minor).where(
        MoneyMovementRow.order_id == order.order_id, MoneyMovementRow.kind == "refunded"
    )
    return int(asked) - sum(minor for one, minor in session.execute(done) if one.split(payment_links.BEHIND)[0] == key)


def finish(sessions: Sessions, ways: RefundWays, order: OrderRow, mine: str = "") -> None:
    """Ask again for the order's refunds that nobody has answered, each under its own key: the payments answer them as
    the first time. Whoever asked may have ended since; `mine` begins the keys of the caller's own. Raises
    PartnerTrouble."""
    with sessions() as session:
        rows = asked_refunds.unanswered(session, order.order_id, datetime.now(UTC) - asked_refunds.LATE, mine)
        fixed = journal.earlier_answers(session, [_asked(row.key) for row in rows])
    for key, row in {row.key: row for row in rows}.items():
        known, nothing = fixed.get(_asked(key), {}), Money(0, row.currency)
        reason, subject = known.get("reason") or "refund", known.get("subject", "")
        answer = refund(sessions, ways, order, nothing, reason, key, row.return_id or "", subject)
        if answer.refusal:
            with sessions.begin() as session:
                call_to(session, order.order_id, REFUND_REFUSED, f"a refund was refused: {answer.refusal}", key)


def _fix(
    session: Session, key: str, order: OrderRow, amount: Money, return_id: str, words: dict[str, str]
) -> Sequence[tuple[str, Money]]:
    """Return how much is paid back of which payment, empty for the order's own; as it was fixed the first time. The
    words of the refund are kept with it."""
    journal.lock_order(session, order.order_id)
    asked, currency = journal.earlier_answer(session, _asked(key)), amount.currency
    if asked is not None:
        return [(link, Money(minor, currency)) for link, minor in asked.get("parts", [["", asked["minor"]]])]
    if (known := booked_refunds.known(session, key)) is not None:
        return [("", Money(known, currency))]
    parts = asked_refunds.ask(session, key, order, amount, return_id)
    if not parts:
        return []
    fixed: dict[str, object] = {"minor": sum(part.minor_units for _, part in parts), **words}
    if len(parts) > 1 or parts[0][0]:
        fixed["parts"] = [[link, part.minor_units] for link, part in parts]
    journal.remember(session, _asked(key), fixed)
    return parts
