"""Money that came after its order had ended: ask the gateway, book it, and pay it back if no goods were sent."""

from dataclasses import dataclass

from sqlalchemy.orm import Session
from temporalio import activity

from activities.payments import finish, refund
from activities.refund_ways import RefundWays
from activities.reserving import give_back, renew
from domain.money import Money
from domain.money_alerts import LATE_MONEY
from domain.status import ORDER, UNDONE, OrderStatus, is_final
from models.database import Sessions
from record import money
from record.order_mapping import order_of
from record.orders.alerts import call_to
from record.orders.captures import ask_gateway
from record.orders.evidence import send_asked


@dataclass(frozen=True)
class Settled:
    """The refunds, as text with their currencies, and why the gateway refused; both may be empty."""

    refunded: str = ""
    refusal: str = ""


class Settlement:
    def __init__(self, sessions: Sessions, ways: RefundWays) -> None:
        self.sessions = sessions
        self.ways = ways

    @activity.defn(no_thread_cancel_exception=True)
    def settle_payment(self, order_id: str) -> Settled:
        """Book what the gateway has captured. Pay back what remains of it if the order ended without goods and no
        return case is still to pay.

        Refunds that nobody has answered are asked for again first. What is reserved is given back after the end of the
        order, and renewed before.
        """
        with self.sessions.begin() as session:
            order = order_of(session, order_id)
        if is_final(ORDER, OrderStatus(order.status)):
            give_back(self.sessions, self.ways.payments, order_id)
        else:
            renew(self.sessions, self.ways.payments, order_id)
        ask_gateway(self.sessions, self.ways.payments, order)
        send_asked(self.sessions, self.ways.payments, order_id)
        finish(self.sessions, self.ways, order, mine=_late(order_id))
        with self.sessions.begin() as session:
            order = order_of(session, order_id)
            over = OrderStatus(order.status) in UNDONE and not money.awaits_case(session, order_id)
            due = money.due_back(session, order_id) if over else []
            keys = [_key(session, order_id, one.currency) for one in due]
        gone = list[str]()
        for amount, key in zip(due, keys, strict=True):
            answer = refund(self.sessions, self.ways, order, amount, "late payment", key, subject=key)
            back = Money(answer.refunded_minor, amount.currency)
            money_text = f"{back.text} {back.currency}"
            if back.minor_units:
                gone.append(money_text)
            if answer.refusal:
                kept = amount - back
                reason = f"{kept.text} {kept.currency} came late and cannot be paid back: {answer.refusal}"
                self._alert(order_id, reason, f"{key}:{answer.refusal}")
                return Settled(", ".join(gone), answer.refusal)
            self._alert(order_id, f"{money_text} was captured after the order had ended, and was paid back", key)
        return Settled(", ".join(gone))

    def _alert(self, order_id: str, reason: str, about: str) -> None:
        with self.sessions.begin() as session:
            call_to(session, order_id, LATE_MONEY, reason, about)


def _key(session: Session, order_id: str, currency: str) -> str:
    """Return a key that is the same for a repeat, and another one once more money has come, or what a dispute had taken
    is free after something was paid back."""
    came = money.total_captured(session, order_id, currency)
    gone = money.total_paid_back(session, order_id, currency)
    return f"{_late(order_id)}{currency}:{came}" + (f":{gone}" if gone else "")


def _late(order_id: str) -> str:
    return f"{order_id}:refund:late:"
