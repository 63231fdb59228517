"""Whose a payment is, and what was captured of it: a payment belongs to one order, and its money is booked once.

A payment is bound to the order that named it first, before any money of it is booked. Another order that names it has
no part in it, of whichever channel it is.
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
"""Our own request that the gateway be asked what was captured of a payment, stored as a webhook is."""

# Orders from before payments were bound may have booked one already. What begins with the name of another channel is
# that channel's (integrations/channels/amazon.py).
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

# The money that moved and the fact that it did, once however often the gateway says it.
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
    """Whose money it is, where that order stands, and what of it was not in the book before."""

    order_id: str
    status: OrderStatus
    news: Money


def bind(session: Session, reference: str) -> str | None:
    """The order that the payment belongs to, from now on for good; None when no order may have it."""
    if not reference:
        return None
    bound: str | None = session.scalar(_BIND, {"reference": reference})
    # Somebody who bound it at the same moment is not seen by the statement that waited for it.
    return bound or session.scalar(_BOUND, {"reference": reference})


def owner(session: Session, reference: str) -> str | None:
    """The order that the payment belongs to, or would as soon as it is bound."""
    return session.scalar(_OWNER, {"reference": reference}) if reference else None


def capture(session: Session, reference: str, total: Money, order_id: str | None = None) -> Captured | None:
    """Book what was captured of a payment by now, as far as it is not booked yet; None when it is no order's.

    What comes after the order's end calls a person, in this very transaction. Who has bound it says so by `order_id`.
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
    """Book one movement of a payment, once for each `kind` and `name`."""
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
    """Have the gateway asked what was captured of the payment, once for each `name`; the relay carries it."""
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
