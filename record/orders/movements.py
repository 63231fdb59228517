"""Movements of payments, as the gateway reports them: each is booked once, with its event."""

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from domain.money import Money
from domain.status import ORDER, UNDONE, OrderStatus, is_final
from models.payment import MoneyMovementRow
from record import journal
from record.journal import Fact
from record.recordset import at_once, insert_recordset

# Built once: building a statement costs more than sending it.
INSERT_MOVEMENTS = insert_recordset(
    MoneyMovementRow, "order_id, kind, amount_minor, currency, gateway_reference, key", conflict="key"
)
_BOOK = at_once(movements=INSERT_MOVEMENTS, facts=journal.INSERT_FACTS)


@dataclass(frozen=True, slots=True)
class Movement:
    """One movement of a payment, booked once per `kind` and `name`."""

    order_id: str
    reference: str
    kind: str
    amount: Money
    name: str = ""

    @property
    def row(self) -> dict[str, Any]:
        """The movement as one of the rows of INSERT_MOVEMENTS."""
        amount, key = self.amount, f"{self.order_id}:{self.kind}{self.name}"
        columns = {"order_id": self.order_id, "kind": self.kind, "gateway_reference": self.reference, "key": key}
        return columns | {"amount_minor": amount.minor_units, "currency": amount.currency}

    @property
    def fact(self) -> Fact:
        data = {"amount": self.amount.text, "currency": self.amount.currency}
        return Fact(self.order_id, f"payment.{self.kind}", f"payment.{self.kind}{self.name}", data, "payments")


def book(session: Session, movement: Movement) -> None:
    """Write the movement and its event, once however often the gateway reports it."""
    rows = {"movements": json.dumps([movement.row]), "facts": journal.fact_rows([movement.fact])}
    session.execute(_BOOK, rows)


def unbooked(order_id: str, reference: str, total: Money, times: int, booked: int, link: str = "") -> Movement | None:
    """Return what is left to book of the captured `total` when `times` captures of `booked` minor units are known, read
    under the lock of the order; None for nothing. Captures of a payment link (record/orders/payment_links.py) are
    counted by themselves."""
    news = Money(max(0, total.minor_units - booked), total.currency)
    if times and not news.minor_units:
        return None
    name = f":{total.currency}:{total.minor_units}" if times else ""
    return Movement(order_id, reference, "captured", news, f"{name}@{link}" if link else name)


def late(captured: Movement, status: OrderStatus) -> str:
    """Return why a person should look at money that came after the order's end; empty if it did not."""
    amount = captured.amount
    if not amount.minor_units or not is_final(ORDER, status):
        return ""
    came = f"{amount.text} {amount.currency} was captured after the order had ended"
    return f"{came}: it is paid back" if status in UNDONE else came
