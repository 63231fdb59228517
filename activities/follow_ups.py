"""Follow-up orders: an exchange or a reship is an order that Baton places, and reserves before it is promised.

The price of the returned units moves to it, so that each order has the money for the goods that the customer keeps.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, insert, select, text
from sqlalchemy.orm import Session
from temporalio import activity

from activities import reserve
from activities.reserve import StockRequest
from domain import ids, milestones
from domain.money import Money
from domain.returns import refunds
from domain.returns.requests import DropFollowUpRequest, PlaceFollowUpRequest, SendFollowUpRequest
from domain.status import OrderStatus
from domain.stock.movements import OutOfStock
from models.database import Sessions
from models.order import OrderLineRow, OrderRow
from models.payment import MoneyMovementRow
from models.returns import ReturnLineRow, ReturnRow
from record import journal, money
from record.money import credit_note
from record.order_mapping import load_order
from record.returns import cases
from record.returns.points import points_back
from record.sourcing.outlooks import OutlookCache
from record.stock import ledger, quotas

# The relay does not start it until its case releases it.
NOT_YET = text("'infinity'::timestamptz")
COPIED = (
    *("channel", "customer_id", "currency", "payment_reference", "payment_method", "country", "province", "receiver"),
    *(
        "receiver_token",
        "repaired_region",
        "phone_hash",
        "email_hash",
        "buyer_token",
        "buyer_last4",
        "buyer_name",
        "test",
        "language",
    ),
)


@dataclass(frozen=True)
class FollowUp:
    """The follow-up order, or why there is none: then the case refunds instead."""

    order_id: str = ""
    refusal: str = ""


class FollowUps:
    def __init__(self, sessions: Sessions, outlooks: OutlookCache) -> None:
        self.sessions = sessions
        self._outlooks = outlooks

    @activity.defn
    def place_follow_up(self, request: PlaceFollowUpRequest) -> FollowUp:
        """Place the order for other goods, or the same again, and reserve its stock; it waits for its case."""
        with self.sessions.begin() as session:
            row = cases.lock_return(session, request.return_id)
            if row.follow_up_id:
                return FollowUp(row.follow_up_id)
            order = _lock(session, row.order_id)
            if order.import_minor is not None:
                return FollowUp(refusal="goods that crossed the border are returned, not exchanged")
            value = _claim_value(session, row)
            if value is None:
                return FollowUp(refusal="too little of the payment is left")
            try:
                with session.begin_nested():
                    follow_up = _place(session, row, order, value, self._outlooks)
            except OutOfStock:
                return FollowUp(refusal="nobody has the goods")
            row.follow_up_id = follow_up
            row.value_minor = row.moved_minor = value
            data = {"return_id": row.return_id, "follow_up": follow_up}
            journal.append_fact(session, row.order_id, "return.follow_up_placed", f"{row.return_id}:follow_up", data)
            return FollowUp(follow_up)

    @activity.defn
    def send_follow_up(self, request: SendFollowUpRequest) -> FollowUp:
        """Release the order and move the money to it. Refused if not everything came back, or it was canceled."""
        with self.sessions.begin() as session:
            row = cases.lock_return(session, request.return_id)
            if row.moved_at is not None:
                return FollowUp(row.follow_up_id or "")
            order = _lock(session, row.order_id)
            follow_up = session.get_one(OrderRow, row.follow_up_id, with_for_update=True)
            if refusal := _cannot_go(session, row, follow_up):
                return FollowUp(refusal=refusal)
            _move(session, row, order, follow_up)
            return FollowUp(follow_up.order_id)

    @activity.defn
    def drop_follow_up(self, request: DropFollowUpRequest) -> None:
        """Undo: release its stock and cancel it, unless it was released to the relay. Safe when none was placed."""
        with self.sessions.begin() as session:
            row = cases.lock_return(session, request.return_id)
            if row.moved_at is not None or row.moved_minor is None or row.follow_up_id is None:
                return
            row.value_minor = row.moved_minor = None
            follow_up = session.get_one(OrderRow, row.follow_up_id, with_for_update=True)
            if follow_up.workflow_started_at is not None or follow_up.status != OrderStatus.RECEIVED:
                return
            ledger.post(session, reserve.drop_reservations(session, follow_up.order_id), follow_up.order_id, "dropped")
            quotas.give_back(session, follow_up.order_id)
            follow_up.status, follow_up.ended_at = OrderStatus.CANCELED, func.now()
            data = {"outcome": OrderStatus.CANCELED.value, "reason": request.reason}
            journal.append_fact(session, follow_up.order_id, "order.canceled", "ended", data)
            journal.announce(session, follow_up.order_id, milestones.CANCELED, data)


def _lock(session: Session, order_id: str) -> OrderRow:
    return session.get_one(OrderRow, order_id, with_for_update=True)


def _claim_value(session: Session, row: ReturnRow) -> int | None:
    """Return the price of the units in minor units, without shipping. None if less than that remains of the payment."""
    order, asked = load_order(session, row.order_id), cases.asked(session, row.return_id)
    before = cases.returned_before(session, row)
    value = refunds.value_of(order, asked, before, with_shipping=False)
    return value.minor_units if value <= money.refundable(session, row.order_id) else None


def _place(session: Session, row: ReturnRow, order: OrderRow, value: int, outlooks: OutlookCache) -> str:
    """Write the order and reserve its stock. Raises OutOfStock if not all of it is available."""
    name = ids.new_order_id()
    lines = session.scalars(
        select(ReturnLineRow).where(ReturnLineRow.return_id == row.return_id).order_by(ReturnLineRow.line_no)
    ).all()
    own = {
        "order_id": name,
        "channel_order_id": ids.follow_up_number(order.channel_order_id, row.case_id),
        "request_hash": row.return_id,
        "placed_at": func.now(),
        "discount_minor": 0,
        "shipping_minor": 0,
        "tax_minor": 0,
        "grand_total_minor": value,
        "remarks": "",
        "tags": [],
        "units": sum(line.quantity for line in lines),
        "follow_up_of": row.return_id,
        "relay_after": NOT_YET,
    }
    session.execute(insert(OrderRow).values({column: getattr(order, column) for column in COPIED} | own))
    session.add_all(_lines(name, lines, _shares(session, row, lines)))
    session.flush()
    journal.append_fact(session, name, "order.received", "received", {"follow_up_of": row.return_id})
    # The order's own reserve step finds this answer, so that nothing is reserved twice.
    if reserve.claim_stock(session, [StockRequest(name, 1)], outlooks)[0].short_units:
        raise OutOfStock("out_of_stock")
    return name


def _shares(session: Session, row: ReturnRow, lines: Sequence[ReturnLineRow]) -> list[int]:
    """Return what was paid for each line, in minor units."""
    order, before = load_order(session, row.order_id), cases.returned_before(session, row)
    return [
        refunds.value_of(order, {line.line_no: line.quantity}, before, with_shipping=False).minor_units
        for line in lines
    ]


def _lines(name: str, lines: Sequence[ReturnLineRow], shares: Sequence[int]) -> list[OrderLineRow]:
    """Each line costs what was paid for the line that it replaces; the discount takes up the rounding."""
    return [
        OrderLineRow(
            order_id=name,
            line_no=number,
            sku=line.replacement_sku or line.sku,
            title="",
            quantity=line.quantity,
            unit_price_minor=-(-share // line.quantity),
            discount_minor=-(-share // line.quantity) * line.quantity - share,
        )
        for number, (line, share) in enumerate(zip(lines, shares, strict=True), 1)
    ]


def _cannot_go(session: Session, row: ReturnRow, follow_up: OrderRow) -> str:
    came = cases.received_by_line(session, row)
    if came != cases.asked(session, row.return_id):
        return "not everything came back"
    if follow_up.workflow_started_at is not None or follow_up.status != OrderStatus.RECEIVED:
        return f"the follow-up order is {follow_up.status}"
    return ""


def _move(session: Session, row: ReturnRow, order: OrderRow, follow_up: OrderRow) -> None:
    """Move the money in the record only: at the gateway it stays where it is."""
    value = Money(row.moved_minor or 0, order.currency)
    points, key = points_back(session, order, value), f"{row.return_id}:moved"
    for name, kind, key_of in (
        (order.order_id, "moved", key),
        # The key of the audit's own capture, so that it is not booked twice.
        (follow_up.order_id, "captured", f"{follow_up.order_id}:captured"),
    ):
        session.add(
            MoneyMovementRow(
                order_id=name,
                kind=kind,
                amount_minor=value.minor_units,
                currency=value.currency,
                gateway_reference=order.payment_reference,
                return_id=row.return_id,
                key=key_of,
            )
        )
    row.moved_at, follow_up.relay_after, follow_up.received_at = func.now(), func.now(), func.now()
    data = {
        "amount": value.text,
        "currency": value.currency,
        "follow_up": follow_up.channel_order_id,
        "points": points,
        "credit_note": credit_note(key),
    }
    journal.append_fact(session, order.order_id, "return.follow_up_sent", key, {"return_id": row.return_id, **data})
    journal.announce(session, order.order_id, milestones.REPLACED, data, subject=row.return_id)
