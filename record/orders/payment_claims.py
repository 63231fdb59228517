"""Payments and their captures: a payment belongs to one order, and its money is booked once.

A payment is bound to the order that named it first, before any of its money is booked. Other orders that name it, of
any channel, get nothing of it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import ARRAY, Text, bindparam, select
from sqlalchemy.orm import Session

from domain.money import Money
from domain.money_alerts import LATE_MONEY, LINK_DIFFERS
from domain.status import OrderStatus
from models.order import OrderRow
from models.payment import TenderRow
from models.prepared import prepared
from record.messages.partner_events import NewEvent, store
from record.orders import payment_links
from record.orders.alerts import call_to
from record.orders.movements import book, late, unbooked
from record.orders.shared_payments import parts_of

BATON, CHECK_ASKED = "baton", "payment.check_asked"
"""An event of our own, stored like a webhook: ask the gateway what was captured of a payment."""

# Orders from before payments were bound may have booked one already. A reference that begins with the name of another
# channel is that channel's (integrations/channels/amazon.py).
FIRST_TO_NAME = """
    SELECT first.order_id FROM (
        SELECT order_id FROM orders WHERE payment_reference = {reference}
        UNION ALL SELECT order_id FROM tenders WHERE reference = {reference} AND kind = 'gateway') AS namer
    JOIN orders AS first USING (order_id)
    WHERE first.follow_up_of = '' AND NOT first.shared_payment
        AND NOT EXISTS (SELECT FROM channel_accounts AS other
            WHERE other.channel = split_part({reference}, ':', 1) AND other.channel <> first.channel)
    ORDER BY EXISTS (SELECT FROM money_movements AS m WHERE m.order_id = first.order_id AND m.kind = 'captured') DESC,
        first.received_at, first.order_id
    LIMIT 1"""
_FIRST = FIRST_TO_NAME.format(reference=":reference")

# In the order of their references, so that two transactions never wait for each other.
_BIND = prepared(f"""
    WITH bound AS (
        INSERT INTO payments (reference, order_id)
        SELECT named.reference, payer.order_id FROM unnest(:named) AS named (reference),
            LATERAL ({FIRST_TO_NAME.format(reference="named.reference")}) AS payer
        WHERE NOT EXISTS (SELECT FROM payments WHERE payments.reference = named.reference)
        ORDER BY named.reference
        ON CONFLICT DO NOTHING RETURNING reference, order_id)
    SELECT reference, order_id FROM bound
    UNION ALL SELECT reference, order_id FROM payments WHERE reference = ANY(:named)
""").bindparams(bindparam("named", type_=ARRAY(Text)))
_OWNER = prepared(f"SELECT coalesce((SELECT order_id FROM payments WHERE reference = :reference), ({_FIRST}))")
_BOUND = prepared("SELECT reference, order_id FROM payments WHERE reference = ANY(:named)").bindparams(
    bindparam("named", type_=ARRAY(Text))
)

_LOCK = prepared("""
    SELECT status, EXISTS (SELECT FROM payment_links WHERE reference = :reference) AS is_link,
        tendered_minor <> 0 AND EXISTS (SELECT FROM tenders AS t
            WHERE t.order_id = orders.order_id AND t.reference = :reference AND t.kind = 'gateway') AS is_tender,
        CASE WHEN shared_payment THEN (SELECT amount_minor FROM payment_parts AS part
            WHERE part.order_id = orders.order_id AND part.reference = :reference) END AS part
    FROM orders WHERE order_id = :order_id FOR NO KEY UPDATE
""")
_CAPTURED = prepared(
    """
    SELECT count(*) AS times, coalesce(sum(amount_minor) FILTER (WHERE currency = :currency), 0)::bigint AS minor
    FROM money_movements WHERE order_id = :order_id AND kind = 'captured' AND split_part(key, '@', 2) = :link
""".replace("::", r"\:\:")
)


@dataclass(frozen=True)
class Captured:
    """The payment's order, its status, and the amount that was not booked before."""

    order_id: str
    status: OrderStatus
    news: Money


def bind(session: Session, reference: str) -> str | None:
    """Bind the payment and return its order, from now on for good; None when no order may have it."""
    return bind_all(session, [reference]).get(reference)


def bind_all(session: Session, references: Iterable[str]) -> dict[str, str]:
    """As `bind` for many payments: their orders by reference."""
    named = sorted(set(references) - {""})
    if not named:
        return {}
    bound = {row.reference: row.order_id for row in session.execute(_BIND, {"named": named})}
    # The statement does not see a row that it waited for, so read again what was bound concurrently.
    if missing := [reference for reference in named if reference not in bound]:
        bound |= {row.reference: row.order_id for row in session.execute(_BOUND, {"named": missing})}
    return bound


def has_part(session: Session, reference: str, order_id: str) -> bool:
    """True if the order has a part of this payment."""
    return order_id in parts_of(session, reference)


def owner(session: Session, reference: str) -> str | None:
    """Return the order that the payment belongs to, or would once it is bound."""
    return session.scalar(_OWNER, {"reference": reference}) if reference else None


def capture(session: Session, reference: str, total: Money, of: str = "") -> Captured | None:
    """Book the captured `total` of a payment, less what is booked already; None when it belongs to no order. Each order
    of a shared payment has its part, and `of` names the one whose capture is returned.

    Money that comes after the order's end calls a person, in this transaction.
    """
    order_id = bind(session, reference)
    if order_id is None:
        return None
    first, shared = _book_total(session, order_id, reference, total)
    if not shared:
        return first
    others = sorted(parts_of(session, reference).keys() - {order_id})
    booked = {one: _book_total(session, one, reference, total)[0] for one in others}
    return booked.get(of, first)


def book_total(session: Session, order_id: str, reference: str, total: Money) -> Captured:
    """As `capture` for a payment that is known to be this order's."""
    return _book_total(session, order_id, reference, total)[0]


def _book_total(session: Session, order_id: str, reference: str, total: Money) -> tuple[Captured, bool]:
    """Return also whether it is one of the orders of a shared payment."""
    locked = session.execute(_LOCK, {"order_id": order_id, "reference": reference}).one()
    status, link = OrderStatus(locked.status), reference if locked.is_link or locked.is_tender else ""
    shared = locked.part is not None
    if shared:
        total = Money(min(total.minor_units, locked.part), total.currency)
    asked = {"order_id": order_id, "currency": total.currency, "link": link}
    known = session.execute(_CAPTURED, asked).one()
    movement = unbooked(order_id, reference, total, known.times, known.minor, link)
    if movement is None:
        return Captured(order_id, status, Money(0, total.currency)), shared
    book(session, movement)
    if locked.is_link and (reason := payment_links.pay(session, order_id, link, total)):
        call_to(session, order_id, LINK_DIFFERS, reason, f"{link}:{total.minor_units}")
    if reason := late(movement, status):
        call_to(session, order_id, LATE_MONEY, reason, f"{reference}:{total.currency}:{total.minor_units}")
    return Captured(order_id, status, movement.amount), shared


def ask_for_check(session: Session, reference: str, name: str) -> None:
    """Store the event that has the gateway asked about the payment, once per `name`; the relay carries it."""
    store(session, check_of(reference, name))


def ask_for_order(session: Session, order: OrderRow, name: str) -> None:
    """As `ask_for_check`, about any payment of the order that the gateway knows; nothing if there is none."""
    asked = select(TenderRow.reference).where(TenderRow.order_id == order.order_id, TenderRow.kind == "gateway")
    if reference := order.payment_reference or session.scalar(asked.limit(1)):
        ask_for_check(session, reference, name)


def check_of(reference: str, name: str) -> NewEvent:
    return NewEvent(BATON, f"check:{name}", CHECK_ASKED, reference, {})
