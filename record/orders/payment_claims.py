"""Payments and their captures: a payment belongs to one order, and its money is booked once.

A payment is bound to the order that named it first, before any of its money is booked. Other orders that name it, of
any channel, get nothing of it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from domain.money import Money
from domain.status import ORDER, UNDONE, OrderStatus, is_final
from record.messages.partner_events import INSERT_EVENTS, NewEvent
from record.recordset import json_array

BATON, CHECK_ASKED = "baton", "payment.check_asked"
"""An event of our own, stored like a webhook: ask the gateway what was captured of a payment."""

# Orders from before payments were bound may have booked one already. A reference that begins with the name of another
# channel is that channel's (integrations/channels/amazon.py).
FIRST_TO_NAME = """
    SELECT first.order_id FROM orders AS first
    WHERE first.payment_reference = {reference} AND first.follow_up_of = ''
        AND NOT EXISTS (SELECT FROM channel_accounts AS other
            WHERE other.channel = split_part(first.payment_reference, ':', 1) AND other.channel <> first.channel)
    ORDER BY EXISTS (SELECT FROM money_movements AS m WHERE m.order_id = first.order_id AND m.kind = 'captured') DESC,
        first.received_at, first.order_id
    LIMIT 1"""
_FIRST = FIRST_TO_NAME.format(reference=":reference")

_BIND = text(f"""
    WITH bound AS (
        INSERT INTO payments (reference, order_id) SELECT :reference, named.order_id FROM ({_FIRST}) AS named
        WHERE NOT EXISTS (SELECT FROM payments WHERE reference = :reference)
        ON CONFLICT DO NOTHING RETURNING order_id)
    SELECT order_id FROM bound UNION ALL SELECT order_id FROM payments WHERE reference = :reference
""")
_OWNER = text(f"SELECT coalesce((SELECT order_id FROM payments WHERE reference = :reference), ({_FIRST}))")
_BOUND = text("SELECT order_id FROM payments WHERE reference = :reference")

# Write the movement and its event, once however often the gateway reports it.
_MOVED = text("""
    WITH moved AS (
        INSERT INTO money_movements (order_id, kind, amount_minor, currency, gateway_reference, key)
        VALUES (:order_id, :kind, :amount_minor, :currency, :reference, :key)
        ON CONFLICT DO NOTHING RETURNING order_id)
    INSERT INTO order_events (order_id, type, key, actor, data)
    SELECT order_id, :event, :event_key, 'payments', CAST(:data AS jsonb) FROM moved
    ON CONFLICT DO NOTHING
""")
_LOCK = text("SELECT status FROM orders WHERE order_id = :order_id FOR NO KEY UPDATE")
_CAPTURED = text(
    """
    SELECT count(*) AS times, coalesce(sum(amount_minor) FILTER (WHERE currency = :currency), 0)::bigint AS minor
    FROM money_movements WHERE order_id = :order_id AND kind = 'captured'
""".replace("::", r"\:\:")
)
_ATTENTION = text("UPDATE orders SET attention = :reason WHERE order_id = :order_id")


@dataclass(frozen=True)
class Captured:
    """The payment's order, its status, and the amount that was not booked before."""

    order_id: str
    status: OrderStatus
    news: Money


def bind(session: Session, reference: str) -> str | None:
    """Bind the payment and return its order, from now on for good; None when no order may have it."""
    if not reference:
        return None
    bound: str | None = session.scalar(_BIND, {"reference": reference})
    # The statement does not see a row that it waited for, so read again what was bound concurrently.
    return bound or session.scalar(_BOUND, {"reference": reference})


def owner(session: Session, reference: str) -> str | None:
    """Return the order that the payment belongs to, or would once it is bound."""
    return session.scalar(_OWNER, {"reference": reference}) if reference else None


def capture(session: Session, reference: str, total: Money, order_id: str | None = None) -> Captured | None:
    """Book the captured `total` of a payment, less what is booked already; None when it belongs to no order.

    Money that comes after the order's end calls a person, in this transaction. With `order_id` the payment is bound
    already.
    """
    order_id = order_id or bind(session, reference)
    if order_id is None:
        return None
    status = OrderStatus(session.scalar(_LOCK, {"order_id": order_id}))
    known = session.execute(_CAPTURED, {"order_id": order_id, "currency": total.currency}).one()
    news = Money(max(0, total.minor_units - known.minor), total.currency)
    if news.minor_units or not known.times:
        name = f":{total.currency}:{total.minor_units}" if known.times else ""
        move(session, order_id, reference, "captured", news, name)
    captured = Captured(order_id, status, news)
    if news.minor_units and is_final(ORDER, status):
        call_a_person(session, order_id, _after_the_end(captured))
    return captured


def move(session: Session, order_id: str, reference: str, kind: str, amount: Money, name: str = "") -> None:
    """Book one movement of a payment, once per `kind` and `name`."""
    movement = {
        "order_id": order_id,
        "kind": kind,
        "amount_minor": amount.minor_units,
        "currency": amount.currency,
        "reference": reference,
        "key": f"{order_id}:{kind}{name}",
        "event": f"payment.{kind}",
        "event_key": f"payment.{kind}{name}",
        "data": json.dumps({"amount": amount.text, "currency": amount.currency}),
    }
    session.execute(_MOVED, movement)


def ask_for_check(session: Session, reference: str, name: str) -> None:
    """Store the event that has the gateway asked about the payment, once per `name`; the relay carries it."""
    event = check_of(reference, name)
    row: Mapping[str, Any] = {slot: getattr(event, slot) for slot in event.__slots__}
    session.execute(INSERT_EVENTS, {"rows": json_array([json.dumps(row)])})


def check_of(reference: str, name: str) -> NewEvent:
    return NewEvent(BATON, f"check:{name}", CHECK_ASKED, reference, {})


def call_a_person(session: Session, order_id: str, reason: str) -> None:
    session.execute(_ATTENTION, {"order_id": order_id, "reason": reason})


def _after_the_end(captured: Captured) -> str:
    came = f"{captured.news.text} {captured.news.currency} was captured after the order had ended"
    return f"{came}: it is paid back" if captured.status in UNDONE else came
