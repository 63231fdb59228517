"""Reads one order with all that belongs to it, by the same few queries whatever its size."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from api.access import Caller
from api.errors import NOT_FOUND, Problem
from api.links import order_links
from api.masking import masked, visible_text
from api.orders.answers import (
    CarriedPromise,
    LineElsewhere,
    OpenHold,
    OrderAnswer,
    ParcelElsewhereAnswer,
    PaymentAnswer,
    ShipmentAnswer,
    TenderAnswer,
    Totals,
)
from api.orders.at_risk import deadlines_of, promised
from api.orders.line_answers import FulfillmentLineAnswer, FulfillmentOrderAnswer, ShortLine
from api.orders.lines import line_answers
from api.returns.view import return_answers, return_summary
from domain.ids import order_workflow_id
from domain.money import Money
from domain.people import is_erased
from domain.promising import State
from domain.status import FulfillmentStatus, PaymentStatus, payment_status
from models.fulfillment import FulfillmentLineRow, FulfillmentOrderRow, ShipmentRow
from models.order import HoldRow, OrderRow, ParcelElsewhereRow
from models.payment import MoneyMovementRow, TenderRow
from models.returns import ReturnRow
from models.stock import BackorderRow
from record.messages import outbox
from record.orders.payment_links import parts_of
from settings import Settings

WRITTEN = ("gift_message", "invoice_title", "invoice_tax_number")

NO_WORK = (FulfillmentStatus.REJECTED, FulfillmentStatus.CANCELED)


def find_order(session: Session, order_id: str, caller: Caller) -> OrderRow:
    """Return the order. A 404 if it does not exist or the caller may not see it."""
    order = seen_order(session, order_id, caller)
    if order is None:
        raise Problem(NOT_FOUND, "there is no such order")
    return order


def seen_order(session: Session, order_id: str, caller: Caller) -> OrderRow | None:
    """Return the order, or None if it does not exist or the caller may not see it."""
    order = session.get(OrderRow, order_id)
    if order is None or not caller.sees(order.channel) or not _worked_on(session, order, caller.location):
        return None
    return order


def _worked_on(session: Session, order: OrderRow, location_id: str | None) -> bool:
    """True if the location has work of the order or the customer fetches it there; always for None."""
    if location_id is None or order.pickup_location == location_id:
        return True
    work = FulfillmentOrderRow.order_id == order.order_id, FulfillmentOrderRow.location_id == location_id
    return bool(session.scalar(select(exists().where(*work))))


def order_answer(session: Session, order: OrderRow, caller: Caller, settings: Settings) -> OrderAnswer:
    workflow_id = order_workflow_id(order.channel, order.channel_order_id)
    fulfillment_orders = _fulfillment_orders(session, order.order_id, caller)
    shortages = shortages_of(session, order.order_id)
    movements = _movements(session, order.order_id)
    elsewhere = _parcels_elsewhere(session, order.order_id)
    returns = return_answers(session, caller, ReturnRow.order_id == order.order_id)
    address = order.receiver | {"country": order.country, "province": order.province} | order.repaired_region
    return OrderAnswer(
        order_id=order.order_id,
        channel=order.channel,
        channel_order_id=order.channel_order_id,
        customer_id=order.customer_id,
        customer_token="" if is_erased(order.customer_id) else settings.customer_token(order.customer_id),
        workflow_id=workflow_id,
        status=order.status,
        payment_status=payment_status_of(movements, order),
        fulfillment_status=fulfillment_summary(
            [*(part.status for part in fulfillment_orders), *(_status_of(parcel) for parcel in elsewhere)]
        ),
        return_status=return_summary(case.status for case in returns),
        attention=order.attention,
        assignee=order.assignee,
        promised=promised(order),
        promise=_promise(order),
        next_deadline=deadlines_of(session, [order]).get(order.order_id),
        holds=_open_holds(session, order.order_id),
        currency=order.currency,
        totals=_totals(order),
        payment_reference=order.payment_reference,
        payment_method=order.payment_method,
        tenders=_tenders(session, order, movements) if order.tendered_minor else [],
        ship_to=address if caller.sees_people else masked(address),
        pickup_location=order.pickup_location,
        lines=line_answers(session, order, caller, fulfillment_orders, shortages),
        shortages=shortages,
        fulfillment_orders=fulfillment_orders,
        shipments=_shipments(session, {part.shipment_id for part in fulfillment_orders}),
        parcels_elsewhere=elsewhere,
        payments=[_payment(movement) for movement in movements],
        returns=returns,
        messages_not_taken=outbox.not_taken(session, order.order_id),
        remarks=visible_text(caller, order.remarks),
        merchant_remarks=visible_text(caller, order.merchant_remarks),
        instructions=_instructions(order, caller),
        tags=order.tags,
        test=order.test,
        past=order.past,
        placed_at=order.placed_at,
        received_at=order.received_at,
        ended_at=order.ended_at,
        links=order_links(settings, order.order_id, workflow_id),
    )


def _promise(order: OrderRow) -> CarriedPromise | None:
    if order.promise_id is None or order.promise_state is None:
        return None
    return CarriedPromise(promise_id=order.promise_id, state=State(order.promise_state))


def _instructions(order: OrderRow, caller: Caller) -> dict[str, Any]:
    """Return the instructions of remarks and rules; text that people wrote is masked for some callers."""
    return {
        name: visible_text(caller, value) if name in WRITTEN else value for name, value in order.instructions.items()
    }


def payment_status_of(movements: Iterable[MoneyMovementRow], order: OrderRow) -> PaymentStatus:
    return payment_status([(row.kind, row.amount_minor) for row in movements], order.grand_total_minor)


def fulfillment_summary(statuses: Sequence[str]) -> FulfillmentStatus:
    """Return the status of the slowest part of an order: `open` while no location works on it, `canceled` when all its
    work was canceled."""
    known = [FulfillmentStatus(status) for status in statuses]
    at_work = [status for status in known if status not in NO_WORK]
    if at_work:
        return min(at_work, key=list(FulfillmentStatus).index)
    return FulfillmentStatus.CANCELED if FulfillmentStatus.CANCELED in known else FulfillmentStatus.OPEN


def _totals(order: OrderRow) -> Totals:
    minor = {"discount": order.discount_minor, "shipping": order.shipping_minor, "tax": order.tax_minor}
    amounts = {name: Money(units, order.currency).text for name, units in minor.items()}
    return Totals(**amounts, grand_total=Money(order.grand_total_minor, order.currency).text)


def _tenders(session: Session, order: OrderRow, movements: Sequence[MoneyMovementRow]) -> list[TenderAnswer]:
    moved = Counter[tuple[str, str]]()
    for one in movements:
        moved[parts_of(one.key)[1], one.kind] += one.amount_minor
    rows = select(TenderRow).where(TenderRow.order_id == order.order_id).order_by(TenderRow.tender_no)
    return [
        TenderAnswer.model_validate(
            {
                **vars(row),
                "amount": Money(row.amount_minor, order.currency).text,
                "paid": Money(moved[row.reference, "captured"], order.currency).text,
                "paid_back": Money(moved[row.reference, "refunded"], order.currency).text,
            }
        )
        for row in session.scalars(rows)
    ]


def _open_holds(session: Session, order_id: str) -> list[OpenHold]:
    holds = select(HoldRow).where(HoldRow.order_id == order_id, HoldRow.released_at.is_(None))
    return [OpenHold.model_validate(row) for row in session.scalars(holds.order_by(HoldRow.hold_id))]


def shortages_of(session: Session, order_id: str) -> list[ShortLine]:
    short = select(BackorderRow).where(BackorderRow.order_id == order_id).order_by(BackorderRow.sku)
    return [ShortLine.model_validate(row) for row in session.scalars(short)]


def _fulfillment_orders(session: Session, order_id: str, caller: Caller) -> list[FulfillmentOrderAnswer]:
    F, L = FulfillmentOrderRow, FulfillmentLineRow
    rows = session.scalars(select(F).where(F.order_id == order_id).order_by(F.number)).all()
    lines: dict[str, list[FulfillmentLineAnswer]] = {row.fulfillment_order_id: [] for row in rows}
    of_these = select(L).join(F, F.fulfillment_order_id == L.fulfillment_order_id).where(F.order_id == order_id)
    for line in session.scalars(of_these.order_by(L.fulfillment_order_id, L.sku)):
        lines[line.fulfillment_order_id].append(FulfillmentLineAnswer.model_validate(line))
    merged_with = _merged_with(session, rows, caller)
    return [
        FulfillmentOrderAnswer.model_validate(
            {**vars(row), "lines": lines[row.fulfillment_order_id], "merged_with": merged_with.get(row.merge_id, [])}
        )
        for row in rows
    ]


def _merged_with(
    session: Session, rows: Sequence[FulfillmentOrderRow], caller: Caller
) -> Mapping[str | None, list[str]]:
    """Return by merge the other orders in the same parcel that the caller may see."""
    merges = {row.merge_id for row in rows if row.merge_id}
    if not merges:
        return {}
    F = FulfillmentOrderRow
    other = select(F.merge_id, F.order_id).where(F.merge_id.in_(merges), F.order_id != rows[0].order_id).distinct()
    if caller.channel is not None:
        other = other.join(OrderRow, OrderRow.order_id == F.order_id).where(OrderRow.channel == caller.channel)
    found: dict[str | None, list[str]] = {}
    for row in session.execute(other.order_by(F.order_id)):
        found.setdefault(row.merge_id, []).append(row.order_id)
    return found


def _shipments(session: Session, shipment_ids: set[str | None]) -> list[ShipmentAnswer]:
    shipments = select(ShipmentRow).where(ShipmentRow.shipment_id.in_(shipment_ids - {None}))
    return [ShipmentAnswer.model_validate(row) for row in session.scalars(shipments.order_by(ShipmentRow.booked_at))]


def _parcels_elsewhere(session: Session, order_id: str) -> list[ParcelElsewhereAnswer]:
    parcels = select(ParcelElsewhereRow).where(ParcelElsewhereRow.order_id == order_id)
    return [
        ParcelElsewhereAnswer(
            carrier=row.carrier,
            waybill=row.waybill,
            shipped_at=row.shipped_at,
            delivered_at=row.delivered_at,
            lines=[LineElsewhere(line_no=number, quantity=units) for number, units in row.lines],
        )
        for row in session.scalars(parcels.order_by(ParcelElsewhereRow.shipped_at, ParcelElsewhereRow.key))
    ]


def _status_of(parcel: ParcelElsewhereAnswer) -> FulfillmentStatus:
    if parcel.delivered_at:
        return FulfillmentStatus.DELIVERED
    return FulfillmentStatus.SHIPPED if parcel.shipped_at else FulfillmentStatus.OPEN


def _movements(session: Session, order_id: str) -> Sequence[MoneyMovementRow]:
    movements = select(MoneyMovementRow).where(MoneyMovementRow.order_id == order_id)
    return session.scalars(movements.order_by(MoneyMovementRow.movement_id)).all()


def _payment(row: MoneyMovementRow) -> PaymentAnswer:
    amount = Money(row.amount_minor, row.currency).text
    return PaymentAnswer(kind=row.kind, amount=amount, currency=row.currency, return_id=row.return_id, at=row.at)
