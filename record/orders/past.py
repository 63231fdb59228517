"""Past orders: taken in as records that have ended, with their money as the channel says. No step runs for them, no
message goes out, and no stock moves."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from pydantic_core import to_json
from sqlalchemy import text
from sqlalchemy.orm import Session

from domain.elsewhere import ParcelElsewhere, resolve, units_by_line
from domain.order import Order
from domain.returns.refunds import value_of
from domain.status import OrderStatus, PaymentStatus
from integrations.channels.translated import PAID, Translated
from models.database import Sessions
from models.order import OrderEventRow, OrderLineRow, OrderRow
from models.payment import MoneyMovementRow
from record.orders import payment_claims
from record.orders.rows import NewOrder, new_order
from record.orders.writer import INSERT_PARCELS, Receipt, with_hashes
from record.recordset import insert_recordset, json_array

# Built once: building a statement costs more than sending it.
_COLUMNS = (
    "order_id, channel, channel_order_id, request_hash, content_hash, placed_at, customer_id, currency, discount_minor,"
    " shipping_minor, tax_minor, grand_total_minor, payment_reference, payment_method, country, province, receiver,"
    " receiver_token, pickup_location, buyer_token, buyer_last4, buyer_name, remarks, merchant_remarks, tags, test,"
    " units, channel_version, language, collected_minor, status, past, ended_at, workflow_started_at, received_at,"
    " phone_hash, email_hash"
)
_INSERT = insert_recordset(OrderRow, _COLUMNS, conflict="channel, channel_order_id", returning="order_id")
_INSERT_LINES = insert_recordset(
    OrderLineRow,
    "order_id, line_no, sku, title, quantity, unit_price_minor, discount_minor, channel_line_id, gift, bundle_of,"
    " properties, elsewhere, withdrawn, canceled",
)
_INSERT_FACTS = insert_recordset(OrderEventRow, "order_id, type, key, actor, data")
_INSERT_MONEY = insert_recordset(
    MoneyMovementRow, "order_id, kind, amount_minor, currency, gateway_reference, key, at", conflict="key"
)
_KNOWN = text("""
    SELECT order_id, channel, channel_order_id, status, request_hash FROM orders
    JOIN unnest(CAST(:channels AS text[]), CAST(:names AS text[])) AS named (of_channel, name)
    ON channel = of_channel AND channel_order_id = name
""")


class NotOver(ValueError):
    """The order is not of the past: something of it is still to be sent. The text says what."""


@dataclass(frozen=True, slots=True)
class PastOrder:
    """A past order as rows. `captured` and `refunded` are by the channel's word, in minor units; None if nothing was
    paid."""

    new: NewOrder
    status: OrderStatus
    captured: int | None
    refunded: int
    paid_at: datetime
    ended_at: datetime
    currency: str
    payment_reference: str

    @property
    def own_reference(self) -> str:
        return f"{self.new.channel}:{self.new.channel_order_id}"


def past_order(translated: Translated, order: Order, actor: str, version: str) -> PastOrder:
    """Build the rows. Raises NotOver unless the channel has canceled the order, or shipped or refunded all of it."""
    financial = translated.financial
    parcels = [one for one in translated.elsewhere if one.shipped_at]
    new = new_order(order, actor, version, parcels, at=order.placed_at)
    back = units_back(translated)
    if not financial.canceled:
        _check_over(order, parcels, back)
    status = OrderStatus.CANCELED if financial.canceled else OrderStatus.COMPLETED
    captured, refunded = _money(translated, back)
    row = json.loads(new.order) | {
        "status": status,
        "past": True,
        "ended_at": _text(max(translated.modified_at, order.placed_at)),
        "workflow_started_at": _text(order.placed_at),
        "received_at": _text(datetime.now(UTC)),
    }
    lines = [_line(line, back[line["line_no"]]) for line in json.loads(f"[{new.lines}]")]
    return PastOrder(
        replace(new, order=to_json(row).decode(), lines=to_json(lines).decode()[1:-1]),
        status,
        captured,
        refunded,
        financial.paid_at or order.placed_at,
        max(translated.modified_at, order.placed_at),
        order.currency,
        order.payment_reference,
    )


class PastWriter:
    """Commits many past orders in one transaction; a known one stays as it is."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def __call__(self, orders: Sequence[PastOrder]) -> list[Receipt]:
        if not orders:
            return []
        with self._sessions.begin() as session:
            # Sorted: two processes that insert the same orders in different sequence would deadlock.
            ordered = sorted(orders, key=lambda one: (one.new.channel, one.new.channel_order_id))
            written = set(
                session.scalars(_INSERT, {"rows": json_array(with_hashes(session, one.new) for one in ordered)})
            )
            new = [one for one in ordered if one.new.order_id in written]
            _write_parts(session, new)
            known = _known(session, [one for one in orders if one.new.order_id not in written])
        return [
            Receipt(one.new.order_id, one.status, new=True, same=True)
            if one.new.order_id in written
            else known[one.new.channel, one.new.channel_order_id]
            for one in orders
        ]


def _write_parts(session: Session, new: Sequence[PastOrder]) -> None:
    if not new:
        return
    session.execute(_INSERT_LINES, {"rows": json_array(one.new.lines for one in new)})
    facts = [
        {"order_id": one.new.order_id, "type": "order.recorded", "key": "recorded", "actor": one.new.channel}
        | {"data": {"status": one.status}}
        for one in new
    ]
    session.execute(_INSERT_FACTS, {"rows": json.dumps(facts)})
    if parcels := [one.new.parcels for one in new if one.new.parcels]:
        session.execute(INSERT_PARCELS, {"rows": json_array(parcels)})
    paid = [one for one in new if one.captured is not None]
    owners = payment_claims.bind_all(session, [one.payment_reference for one in paid])
    rows = [row for one in paid for row in _movements(one, owners.get(one.payment_reference))]
    session.execute(_INSERT_MONEY, {"rows": json.dumps(rows)})


def _movements(one: PastOrder, owner: str | None) -> list[dict[str, Any]]:
    """Return the order's movements. A payment that belongs to another order pays for that one only."""
    reference = one.payment_reference if owner == one.new.order_id else one.own_reference
    of_order = {"order_id": one.new.order_id, "currency": one.currency, "gateway_reference": reference}
    amounts = [("captured", one.captured or 0, one.paid_at), ("refunded", one.refunded, one.ended_at)]
    return [
        of_order | {"kind": kind, "amount_minor": minor, "key": f"{one.new.order_id}:{kind}", "at": _text(at)}
        for kind, minor, at in amounts
        if minor or kind == "captured"
    ]


def _known(session: Session, orders: Sequence[PastOrder]) -> dict[tuple[str, str], Receipt]:
    if not orders:
        return {}
    names = {
        "channels": [one.new.channel for one in orders],
        "names": [one.new.channel_order_id for one in orders],
    }
    return {
        (row.channel, row.channel_order_id): Receipt(row.order_id, row.status, new=False, same=True)
        for row in session.execute(_KNOWN, names)
    }


def units_back(translated: Translated) -> Counter[int]:
    """Return units by line number that the channel has paid back, at most those ordered."""
    stated = Counter[str]()
    for name, units in translated.financial.refunded_units:
        stated[name] += units
    back = Counter[int]()
    for line in translated.order.lines:
        if line.channel_line_id:
            back[line.line_no] = min(line.quantity, stated[line.channel_line_id])
            stated[line.channel_line_id] -= back[line.line_no]
    return back


def _check_over(order: Order, parcels: Sequence[ParcelElsewhere], back: Counter[int]) -> None:
    gone = units_by_line(resolve(parcels, {line.line_no: line.quantity for line in order.lines}))
    left = sum(max(0, line.quantity - gone[line.line_no] - back[line.line_no]) for line in order.lines)
    if left:
        raise NotOver(f"{left} of its units were neither shipped nor refunded: it is no past order")


def _money(translated: Translated, back: Counter[int]) -> tuple[int | None, int]:
    """Return what was captured, None if nothing was, and what of that went back, in minor units."""
    financial, order = translated.financial, translated.order
    total, refunded = order.grand_total.minor_units, financial.refunded.minor_units
    if financial.canceled:
        # What a platform canceled it has paid back, whether it says how much or not.
        return (min(refunded, total), min(refunded, total)) if refunded else (None, 0)
    if financial.status not in PAID and not financial.cash_on_delivery:
        return None, 0
    return total, paid_back(translated, back)


def paid_back(translated: Translated, back: Counter[int]) -> int:
    """Return what of a paid order went back, in minor units: as the platform says, else the value of the units in
    `back`, else everything of an order that was refunded or canceled."""
    financial, order = translated.financial, translated.order
    total, refunded = order.grand_total.minor_units, financial.refunded.minor_units
    if not refunded and back.total():
        refunded = value_of(order, back, {}).minor_units
    if not refunded and (financial.canceled or financial.status == PaymentStatus.REFUNDED):
        refunded = total
    return min(refunded, total)


def _line(line: dict[str, Any], back: int) -> dict[str, Any]:
    """Return the line with its refunded units, which are no longer returnable."""
    return line | {"elsewhere": min(line["elsewhere"], line["quantity"] - back), "withdrawn": back, "canceled": back}


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()
