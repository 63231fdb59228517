"""What the gateway has reserved for orders: noted by the audit, and counted against what is captured of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import bindparam, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from domain.captures import Part, owed_without_goods, renewal, total
from domain.disputes import REFUND_KEY
from domain.editing.totals import worth
from domain.money import Money
from domain.order import Order
from domain.payment_terms import BY_SHIPMENT
from models.authorization import AuthorizationRow, CaptureRow
from models.fulfillment import FulfillmentOrderRow
from models.order import OrderLineRow, OrderRow
from record.order_mapping import as_order
from record.orders.judged_orders import JudgedOrder
from record.orders.payment_links import BEHIND
from record.returns.cases import NEVER_LEFT
from record.stock.demand import UNDONE, bundles_of

ASKED, CAPTURED, REFUSED = "asked", "captured", "refused"

# Money of the order's own payment has no `@` in its key; that of links and other tenders names its payment there.
_MONEY = text(f"""
    SELECT coalesce(sum(m.amount_minor) FILTER (WHERE m.kind = 'captured' AND own), 0) AS captured,
        coalesce(sum(m.amount_minor) FILTER (WHERE m.kind IN ('refunded', 'credited') AND own AND NOT by_bank
            AND (m.return_id IS NULL OR never_left)), 0) AS back,
        coalesce(sum(m.amount_minor) FILTER (WHERE m.kind = 'refunded' AND own AND by_bank), 0) AS lost,
        coalesce(sum(CASE m.kind WHEN 'captured' THEN m.amount_minor WHEN 'refunded' THEN -m.amount_minor END)
            FILTER (WHERE NOT own), 0) AS others
    FROM orders AS o JOIN money_movements AS m USING (order_id, currency)
    LEFT JOIN returns AS r ON r.return_id = m.return_id
    CROSS JOIN LATERAL (SELECT strpos(m.key, '{BEHIND}') = 0 AS own, starts_with(m.key, '{REFUND_KEY}') AS by_bank,
        coalesce(r.goods = ANY(:never_left), false) AS never_left) AS which
    WHERE o.order_id = :order_id
""").bindparams(bindparam("never_left", list(NEVER_LEFT)))


@dataclass(frozen=True)
class Reserved:
    """Where an order stands whose money is reserved, in minor units but for `parts`: goods that have left or are about
    to, with what they cost."""

    row: AuthorizationRow
    order: Order
    withdrawn: Mapping[int, int]
    parts: list[Part]
    captured: int
    """What was captured, or asked for without an answer yet."""
    spare: int
    """Captured for goods that did not arrive, less what was paid back of it; below zero if more was."""
    lost: int
    """What a bank has taken for good: it is neither captured again, nor paid back."""
    due: int
    """What the order costs and no part has borne yet, nor another payment; below zero if it costs less by now."""

    @property
    def room(self) -> int:
        """What may still be captured."""
        return 0 if self.row.closed_at else max(0, self.row.amount_minor - self.captured)

    @property
    def paid_back(self) -> int:
        """What was paid back of what was captured, for goods that did not arrive."""
        return self.captured - self.spare - total(self.parts, self.row.currency).minor_units

    @property
    def costs(self) -> int:
        """What of the order's price is this payment's to bear."""
        return self.due + total(self.parts, self.row.currency).minor_units


def note(session: Session, judged: Iterable[JudgedOrder]) -> None:
    """Write what the gateway has reserved for these orders, as their audits were told. The caller has locked them."""
    now = datetime.now(UTC)
    rows = [_row(one, now) for one in judged if one.facts.captures]
    if rows:
        fresh = insert(AuthorizationRow).values(rows)
        newer = {name: fresh.excluded[name] for name in ("amount_minor", "capture", "expires_at", "renew_at")}
        session.execute(fresh.on_conflict_do_update(index_elements=["order_id"], set_=newer))


def reserved_for(session: Session, order_id: str) -> Reserved | None:
    """Return where the order stands; None if nothing was reserved for it. The caller who goes on to write has locked
    the order."""
    found = session.execute(
        select(AuthorizationRow, OrderRow)
        .join(OrderRow, OrderRow.order_id == AuthorizationRow.order_id)
        .where(AuthorizationRow.order_id == order_id),
        execution_options={"populate_existing": True},
    ).one_or_none()
    if found is None:
        return None
    row, of_order = found
    lines = session.scalars(select(OrderLineRow).where(OrderLineRow.order_id == order_id)).all()
    order, withdrawn = as_order(of_order, lines), {line.line_no: line.withdrawn for line in lines}
    captures = session.execute(
        select(CaptureRow, FulfillmentOrderRow.status)
        .outerjoin(FulfillmentOrderRow, FulfillmentOrderRow.fulfillment_order_id == CaptureRow.fulfillment_order_id)
        .where(CaptureRow.order_id == order_id, CaptureRow.state != REFUSED)
    ).all()
    parts = [Part(one.units, Money(one.value_minor, row.currency)) for one, status in captures if status not in UNDONE]
    money = session.execute(_MONEY, {"order_id": order_id}).one()
    captured = max(int(money.captured), sum(one.asked_minor for one, _ in captures))
    borne = total(parts, row.currency).minor_units
    due = worth(order, withdrawn).minor_units - order.charge_minor - int(money.others) - borne
    return Reserved(row, order, withdrawn, parts, captured, captured - borne - int(money.back), int(money.lost), due)


def is_open(session: Session, order_id: str) -> bool:
    """True if something was reserved for the order, and the rest was not given back yet."""
    open_ = AuthorizationRow.order_id == order_id, AuthorizationRow.closed_at.is_(None)
    return session.scalar(select(AuthorizationRow.order_id).where(*open_)) is not None


def room(session: Session, order_id: str) -> int:
    """Return what is reserved for the order and not captured, in minor units."""
    reserved = reserved_for(session, order_id)
    return reserved.room if reserved else 0


def repayable(session: Session, order_id: str, amount: Money) -> Money:
    """Return how much of the price of goods that never left is paid back: what was captured for them, nothing if
    nothing was, and not what the order costs whatever is still sent. An order that is paid gets the whole `amount`
    back."""
    reserved = reserved_for(session, order_id)
    if reserved is None or reserved.row.capture != BY_SHIPMENT:
        return amount
    left, bundles = Money(reserved.due, amount.currency), bundles_of(session, order_id)
    kept = owed_without_goods(reserved.order, reserved.withdrawn, bundles, reserved.parts, left).minor_units
    over = reserved.spare - reserved.lost - kept + max(0, -reserved.due)
    return Money(max(0, min(amount.minor_units, over)), amount.currency)


def renewed(row: AuthorizationRow, expires_at: datetime | None, now: datetime) -> None:
    """The gateway has reserved anew, until then."""
    row.expires_at, row.renew_at, row.renewals = expires_at, renewal(expires_at, now), row.renewals + 1


def _row(judged: JudgedOrder, now: datetime) -> dict[str, Any]:
    payment = judged.facts.payment
    assert payment.amount is not None
    return {
        "order_id": judged.order_id,
        "reference": judged.facts.order.payment_reference,
        "amount_minor": payment.amount.minor_units,
        "currency": payment.amount.currency,
        "capture": judged.facts.captures,
        "expires_at": payment.expires_at,
        "renew_at": renewal(payment.expires_at, now),
    }
