"""Money that came after its order had ended: asked of the gateway, booked, and paid back where no goods go out."""

from dataclasses import dataclass

from temporalio import activity

from activities.payments import refund
from domain.money import Money
from domain.status import UNDONE, OrderStatus
from integrations.payments import Payments
from models.database import Sessions
from record import money
from record.order_mapping import order_of
from record.orders import payment_claims
from record.orders.captures import ask_gateway


@dataclass(frozen=True)
class Settled:
    """What went back, as text with its currencies, and why the gateway refused; both may be empty."""

    refunded: str = ""
    refusal: str = ""


class Settlement:
    def __init__(self, sessions: Sessions, payments: Payments) -> None:
        self.sessions = sessions
        self.payments = payments

    @activity.defn(no_thread_cancel_exception=True)
    def settle_payment(self, order_id: str) -> Settled:
        """Book what the gateway has captured, and pay back what is left of it when the order ended without goods and no
        case is still to pay of it."""
        with self.sessions.begin() as session:
            order = order_of(session, order_id)
        ask_gateway(self.sessions, self.payments, order)
        with self.sessions.begin() as session:
            order = order_of(session, order_id)
            over = OrderStatus(order.status) in UNDONE and not money.awaits_case(session, order_id)
            due = money.due_back(session, order_id) if over else []
            keys = [_key(order_id, one, money.total_captured(session, order_id, one.currency)) for one in due]
        gone = list[str]()
        for amount, key in zip(due, keys, strict=True):
            answer = refund(self.sessions, self.payments, order, amount, "late payment", key, subject=key)
            told = f"{amount.text} {amount.currency}"
            if answer.refusal:
                self._call_a_person(order_id, f"{told} came late and cannot be paid back: {answer.refusal}")
                return Settled(", ".join(gone), answer.refusal)
            gone.append(told)
            self._call_a_person(order_id, f"{told} was captured after the order had ended, and was paid back")
        return Settled(", ".join(gone))

    def _call_a_person(self, order_id: str, reason: str) -> None:
        with self.sessions.begin() as session:
            payment_claims.call_a_person(session, order_id, reason)


def _key(order_id: str, amount: Money, came: int) -> str:
    """Another one once more has come, and the same for a repeat."""
    return f"{order_id}:refund:late:{amount.currency}:{came}"
