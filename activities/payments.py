"""Pay money back: all that was captured for an order, or what a return is due.

The gateway is asked first what it has captured. Money of another order's payment is never paid back."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from temporalio import activity

from domain import milestones
from domain.errors import PartnerTrouble, RefundRefused
from domain.money import Money
from domain.undo import Undone, UndoRequest
from integrations.payments import Payments
from models.database import Sessions
from models.order import OrderRow
from models.payment import MoneyMovementRow
from record import journal, money
from record.money import credit_note
from record.order_mapping import order_of
from record.orders import asked_refunds, payment_claims, payment_links
from record.orders.captures import ask_gateway, is_own_payment
from record.returns.points import points_back

NOT_ITS_OWN = "payment_of_another_order"


@dataclass(frozen=True)
class RefundAnswer:
    """What was refunded, in minor units, and why the gateway refused the rest (a short code): then a person must
    act."""

    refunded_minor: int = 0
    refusal: str = ""


class Refunds:
    def __init__(self, sessions: Sessions, payments: Payments) -> None:
        self.sessions = sessions
        self.payments = payments

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
            answer = refund(self.sessions, self.payments, order, amount, undo.reason, key, subject=subject)
            if answer.refusal:
                return Undone(False, answer.refusal)
        if not answered:
            with self.sessions.begin() as session:
                payment_claims.ask_for_check(session, order.payment_reference, f"{order.order_id}:end")
        return Undone(True)

    def _book_captured(self, order: OrderRow) -> bool:
        """Book what the gateway has captured. False if it does not answer: the order ends anyway, and the gateway is
        asked again afterwards."""
        try:
            ask_gateway(self.sessions, self.payments, order)
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
    if order.follow_up_of or not order.payment_reference or money.awaits_case(session, order_id):
        return
    for amount in money.due_back(session, order_id):
        if amount.minor_units > _refused(session, order, amount.currency):
            payment_claims.ask_for_check(session, order.payment_reference, f"{order_id}:{end}")
            reason = f"{amount.text} {amount.currency} was captured while the order ended: it is paid back"
            payment_claims.call_a_person(session, order_id, reason)


def refund(
    sessions: Sessions,
    payments: Payments,
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
        parts = _fix(session, key, order, amount, return_id)
    refunded, refusal = 0, ""
    for link, part in parts:
        answer = _refund_part(sessions, payments, order, link, part, reason, key, return_id, subject)
        if answer.refusal:
            with sessions.begin() as session:
                asked_refunds.answered(session, key, link)
        refunded += answer.refunded_minor
        refusal = refusal or answer.refusal
    return RefundAnswer(refunded, refusal)


def _refund_part(
    sessions: Sessions,
    payments: Payments,
    order: OrderRow,
    link: str,
    amount: Money,
    reason: str,
    key: str,
    return_id: str,
    subject: str,
) -> RefundAnswer:
    """Refund of the order's own payment, or of that of a link."""
    whole, whose = key, return_id or subject
    if link:
        key, whose = f"{key}{payment_links.BEHIND}{link}", f"{whose}:{link}"
    with sessions.begin() as session:
        # Another case may have paid meanwhile and changed the amount: a known key keeps its own.
        known = session.scalar(select(MoneyMovementRow.amount_minor).where(MoneyMovementRow.key == key))
        if known is not None:
            return RefundAnswer(known)
    if not link and not order.follow_up_of and not is_own_payment(sessions, order):
        return RefundAnswer(refusal=NOT_ITS_OWN)
    try:
        answer = payments.refund(link or order.payment_reference, amount, reason, key)
    except RefundRefused as refusal:
        return RefundAnswer(refusal=refusal.code)
    with sessions.begin() as session:
        # Lock the order: one movement at a time, so that each sees those before it.
        session.execute(select(OrderRow.order_id).where(OrderRow.order_id == order.order_id).with_for_update())
        points = points_back(session, order, amount, return_id)
        movement = insert(MoneyMovementRow).values(
            order_id=order.order_id,
            kind="refunded",
            amount_minor=amount.minor_units,
            currency=amount.currency,
            gateway_reference=answer.refund_id,
            return_id=return_id or None,
            key=key,
        )
        session.execute(movement.on_conflict_do_nothing())
        asked_refunds.answered(session, whole, link)
        data = {"amount": amount.text, "currency": amount.currency, "refund_id": answer.refund_id, "points": points}
        data["credit_note"] = credit_note(key)
        journal.append_fact(session, order.order_id, f"refund.{_outcome(answer.status)}", key, data, "payments")
        journal.announce(session, order.order_id, milestones.REFUNDED, data, subject=whose)
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


def _fix(session: Session, key: str, order: OrderRow, amount: Money, return_id: str) -> Sequence[tuple[str, Money]]:
    """Return how much is paid back of which payment, empty for the order's own; as it was fixed the first time."""
    journal.lock_order(session, order.order_id)
    asked, currency = journal.earlier_answer(session, _asked(key)), amount.currency
    if asked is not None:
        return [(link, Money(minor, currency)) for link, minor in asked.get("parts", [["", asked["minor"]]])]
    known = session.scalar(select(MoneyMovementRow.amount_minor).where(MoneyMovementRow.key == key))
    if known is not None:
        return [("", Money(known, currency))]
    parts = asked_refunds.ask(session, key, order, amount, return_id)
    if not parts:
        return []
    fixed: dict[str, object] = {"minor": sum(part.minor_units for _, part in parts)}
    if len(parts) > 1 or parts[0][0]:
        fixed["parts"] = [[link, part.minor_units] for link, part in parts]
    journal.remember(session, _asked(key), fixed)
    return parts


def _outcome(status: str) -> str:
    return "succeeded" if status == "succeeded" else "created"
