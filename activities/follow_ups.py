"""Follow-up orders: an exchange or a reship is an order that Baton places, and reserves before it is promised.

The price of the returned units moves to it, so that each order has the money for the goods that the customer keeps.
If the other goods cost less, the rest goes back; if they cost more, the difference is charged by a payment link of the
follow-up order, or given (domain/returns/exchange.py).
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
from domain.returns.exchange import Difference, ExchangeTerms, Replacement, UnpaidPolicy
from domain.returns.requests import DropFollowUpRequest, PlaceFollowUpRequest, SendFollowUpRequest
from domain.returns.terms import Terms, of_channel
from domain.status import OrderStatus
from domain.stock.movements import OutOfStock
from models.database import Sessions
from models.order import OrderLineRow, OrderRow
from models.payment import MoneyMovementRow, PaymentLinkRow
from models.returns import ReturnLineRow, ReturnRow
from record import journal, money
from record.money import credit_note
from record.orders import payment_links
from record.parameters import ParameterCache
from record.returns import cases
from record.returns.exchanges import difference_of, lines_of, sent_of
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
    """The follow-up order, or why there is none: then the case refunds instead.

    `charged` means that it has a payment link for the difference, `waits` that it is not sent before that is paid, and
    `refund_minor` goes back because it costs less.
    """

    order_id: str = ""
    refusal: str = ""
    charged: bool = False
    waits: bool = False
    refund_minor: int = 0


class FollowUps:
    def __init__(self, sessions: Sessions, outlooks: OutlookCache, parameters: ParameterCache) -> None:
        self.sessions = sessions
        self._outlooks = outlooks
        self._parameters = parameters

    @activity.defn
    def place_follow_up(self, request: PlaceFollowUpRequest) -> FollowUp:
        """Place the order for other goods, or the same again, and reserve its stock; it waits for its case."""
        with self.sessions.begin() as session:
            row = cases.lock_return(session, request.return_id)
            order = _lock(session, row.order_id)
            terms = self._terms(session, row, order)
            if row.follow_up_id:
                return _placed(session, row, terms)
            if order.import_minor is not None:
                return FollowUp(refusal="goods that crossed the border are returned, not exchanged")
            price = difference_of(session, row, terms, order.currency)
            if price.value > money.refundable(session, row.order_id).minor_units:
                return FollowUp(refusal="too little of the payment is left")
            try:
                with session.begin_nested():
                    follow_up = _place(session, row, order, price, self._outlooks)
            except OutOfStock:
                return FollowUp(refusal="nobody has the goods")
            _fix_amounts(session, row, follow_up, price)
            return _placed(session, row, terms)

    @activity.defn
    def send_follow_up(self, request: SendFollowUpRequest) -> FollowUp:
        """Release the order and move the money to it. Refused if not everything came back, or it was canceled."""
        with self.sessions.begin() as session:
            row = cases.lock_return(session, request.return_id)
            if row.moved_at is not None:
                return FollowUp(row.follow_up_id or "", refund_minor=row.refund_minor or 0)
            order = _lock(session, row.order_id)
            follow_up = session.get_one(OrderRow, row.follow_up_id, with_for_update=True)
            if refusal := _cannot_go(session, row, follow_up):
                return FollowUp(refusal=refusal)
            _move(session, row, order, follow_up)
            return FollowUp(follow_up.order_id, refund_minor=row.refund_minor or 0)

    @activity.defn
    def drop_follow_up(self, request: DropFollowUpRequest) -> None:
        """Undo: release its stock, withdraw its payment link and cancel it, unless it was released to the relay. Safe
        when none was placed."""
        with self.sessions.begin() as session:
            row = cases.lock_return(session, request.return_id)
            if row.moved_at is not None or row.moved_minor is None or row.follow_up_id is None:
                return
            row.value_minor = row.moved_minor = row.refund_minor = row.out_minor = None
            row.given_minor = 0
            follow_up = session.get_one(OrderRow, row.follow_up_id, with_for_update=True)
            if follow_up.workflow_started_at is not None or follow_up.status != OrderStatus.RECEIVED:
                return
            ledger.post(session, reserve.drop_reservations(session, follow_up.order_id), follow_up.order_id, "dropped")
            quotas.give_back(session, follow_up.order_id)
            payment_links.charge(session, follow_up, 0, "")
            follow_up.status, follow_up.ended_at = OrderStatus.CANCELED, func.now()
            data = {"outcome": OrderStatus.CANCELED.value, "reason": request.reason}
            journal.append_fact(session, follow_up.order_id, "order.canceled", "ended", data)
            journal.announce(session, follow_up.order_id, milestones.CANCELED, data)

    def _terms(self, session: Session, row: ReturnRow, order: OrderRow) -> ExchangeTerms:
        rules = self._parameters.at(session, row.requested_at)
        return (of_channel(rules.return_terms, order.channel) or Terms()).exchange


def _lock(session: Session, order_id: str) -> OrderRow:
    return session.get_one(OrderRow, order_id, with_for_update=True)


def _fix_amounts(session: Session, row: ReturnRow, follow_up: str, price: Difference) -> None:
    """Fix what moves, what goes back and what is charged, so that other cases and repeats see it."""
    row.follow_up_id, row.value_minor, row.moved_minor = follow_up, price.value, price.moved
    # Null if it has none, as in cases that only move money.
    row.refund_minor = price.refund or None
    row.out_minor, row.given_minor = price.out, price.given
    if price.charge:
        payment_links.charge(session, _lock(session, follow_up), price.charge, f"{follow_up}-D")
    amounts = {"given_minor": price.given, "charge_minor": price.charge, "refund_minor": price.refund}
    told = {name: minor for name, minor in amounts.items() if minor}
    data = {"return_id": row.return_id, "follow_up": follow_up, **told}
    journal.append_fact(session, row.order_id, "return.follow_up_placed", f"{row.return_id}:follow_up", data)


def _placed(session: Session, row: ReturnRow, terms: ExchangeTerms) -> FollowUp:
    name = row.follow_up_id or ""
    charged = session.scalar(select(PaymentLinkRow.reference).where(PaymentLinkRow.order_id == name).limit(1))
    return FollowUp(name, charged=bool(charged), waits=bool(charged) and terms.when_unpaid == UnpaidPolicy.REFUND)


def _place(session: Session, row: ReturnRow, order: OrderRow, price: Difference, outlooks: OutlookCache) -> str:
    """Write the order and reserve its stock. Raises OutOfStock if not all of it is available."""
    name, lines = ids.new_order_id(), lines_of(session, row)
    own = {
        "order_id": name,
        "channel_order_id": ids.follow_up_number(order.channel_order_id, row.case_id),
        "request_hash": row.return_id,
        "placed_at": func.now(),
        "discount_minor": price.given,
        "shipping_minor": 0,
        "tax_minor": 0,
        "grand_total_minor": price.total,
        # Charged apart, like what an edit adds.
        "edited_minor": price.charge,
        "remarks": "",
        "tags": [],
        "units": sum(line.quantity for line in lines),
        "follow_up_of": row.return_id,
        "relay_after": NOT_YET,
    }
    session.execute(insert(OrderRow).values({column: getattr(order, column) for column in COPIED} | own))
    session.add_all(_lines(name, lines, sent_of(session, row)))
    session.flush()
    journal.append_fact(session, name, "order.received", "received", {"follow_up_of": row.return_id})
    # The order's own reserve step finds this answer, so that nothing is reserved twice.
    if reserve.claim_stock(session, [StockRequest(name, 1)], outlooks)[0].short_units:
        raise OutOfStock("out_of_stock")
    return name


def _lines(name: str, lines: Sequence[ReturnLineRow], sent: Sequence[Replacement]) -> list[OrderLineRow]:
    """Each line costs its named price, or what was paid for the line that it replaces; the discount takes up the
    rounding."""
    return [
        OrderLineRow(
            order_id=name,
            line_no=number,
            sku=line.replacement_sku or line.sku,
            title="",
            quantity=line.quantity,
            unit_price_minor=one.unit_price,
            discount_minor=one.discount,
        )
        for number, (line, one) in enumerate(zip(lines, sent, strict=True), 1)
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
