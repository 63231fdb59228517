"""What a list of orders can be filtered by, as conditions of SQL."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, exists, or_, select, union_all
from sqlalchemy.orm import Session

from api.orders.at_risk import at_location
from api.orders.staff_filters import order_conditions
from domain.ids import CROCKFORD
from domain.money import Money
from domain.status import FulfillmentStatus, OrderStatus, PaymentStatus
from models.disputes import DisputeRow
from models.fulfillment import FulfillmentOrderRow, ShipmentRow
from models.order import TAGGED, HoldRow, OrderRow, ParcelElsewhereRow
from models.vault import vault_of
from record.orders.derived_status import has_fulfillment_status, has_payment_status, is_indexed
from record.orders.text_search import text_condition

SHORT = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class Span:
    """From `first` on, and before `end`; None is open."""

    first: datetime | None = None
    end: datetime | None = None

    @property
    def is_short(self) -> bool:
        return self.first is not None and self.end is not None and self.end - self.first <= SHORT


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """Filters of a list; None does not filter. `phone` and `email` are in the form of `domain.people`."""

    q: str | None = None
    phone: str | None = None
    email: str | None = None
    channel: str | None = None
    channel_order_id: str | None = None
    status: OrderStatus | None = None
    payment_status: PaymentStatus | None = None
    fulfillment_status: FulfillmentStatus | None = None
    hold: str | None = None
    attention: bool | None = None
    disputed: bool | None = None
    customer: str | None = None
    tag: str | None = None
    assignee: str | None = None
    mentions: str | None = None
    has_notes: bool | None = None
    province: str | None = None
    carrier: str | None = None
    location: str | None = None
    created_after: datetime | None = None
    placed: Span = Span()
    shipped: Span = Span()
    delivered: Span = Span()
    currency: str | None = None
    least: Money | None = None
    most: Money | None = None


@dataclass(frozen=True, slots=True)
class OrderConditions:
    """`derived` are those on what is not stored with an order: statuses and parcels. Unless an index serves all of them
    (`is_indexed`), so many orders are looked at for a page, and no more."""

    stored: list[ColumnElement[bool]]
    derived: list[ColumnElement[bool]]
    is_indexed: bool

    @property
    def all(self) -> list[ColumnElement[bool]]:
        return [*self.stored, *self.derived]


def conditions_of(session: Session, wanted: OrderFilter) -> OrderConditions:
    derived = list[ColumnElement[bool]]()
    if wanted.payment_status is not None:
        derived.append(has_payment_status(wanted.payment_status))
    if wanted.fulfillment_status is not None:
        derived.append(has_fulfillment_status(wanted.fulfillment_status))
    of_parcels = list(_of_parcels(wanted))
    derived += of_parcels
    indexed = is_indexed(wanted.payment_status, wanted.fulfillment_status) and not of_parcels
    return OrderConditions(_stored(session, wanted), derived, indexed)


def _stored(session: Session, wanted: OrderFilter) -> list[ColumnElement[bool]]:
    conditions = [*_equal(wanted), *_of_person(session, wanted), *_short_spans(wanted), *_of_amount(wanted)]
    conditions += _within(OrderRow.placed_at, wanted.placed)
    if wanted.q is not None:
        conditions.append(text_condition(session, wanted.q, wanted.channel))
    if wanted.location is not None:
        conditions.append(at_location(wanted.location))
    if wanted.hold is not None:
        held = select(HoldRow.order_id).where(HoldRow.code == wanted.hold, HoldRow.released_at.is_(None))
        conditions.append(OrderRow.order_id.in_(held))
    if wanted.attention is not None:
        conditions.append(OrderRow.attention.is_not(None) if wanted.attention else OrderRow.attention.is_(None))
    if wanted.disputed is not None:
        in_dispute = OrderRow.order_id.in_(select(DisputeRow.order_id).where(DisputeRow.outcome == ""))
        conditions.append(in_dispute if wanted.disputed else ~in_dispute)
    if wanted.tag is not None:
        conditions += [OrderRow.tags.contains([wanted.tag]), TAGGED]
    conditions += order_conditions(wanted.assignee, wanted.mentions, wanted.has_notes)
    if wanted.created_after is not None:
        conditions.append(OrderRow.order_id >= _first_id_of(wanted.created_after))
    return conditions


def _equal(wanted: OrderFilter) -> Iterator[ColumnElement[bool]]:
    equal = {
        OrderRow.channel: wanted.channel,
        OrderRow.channel_order_id: wanted.channel_order_id,
        OrderRow.status: wanted.status,
        OrderRow.customer_id: wanted.customer,
        OrderRow.province: wanted.province,
        OrderRow.currency: wanted.currency,
    }
    yield from (column == value for column, value in equal.items() if value is not None)


def _of_person(session: Session, wanted: OrderFilter) -> Iterator[ColumnElement[bool]]:
    for column, contact in ((OrderRow.phone_hash, wanted.phone), (OrderRow.email_hash, wanted.email)):
        if contact is not None:
            yield column.in_(vault_of(session).digests(contact))


def _short_spans(wanted: OrderFilter) -> Iterator[ColumnElement[bool]]:
    """Spans that an index reads in a short time."""
    for name, span in _spans(wanted):
        if span.is_short:
            ours, theirs = (
                select(row.order_id).where(*_within(getattr(row, name), span))
                for row in (FulfillmentOrderRow, ParcelElsewhereRow)
            )
            yield OrderRow.order_id.in_(union_all(ours, theirs))


def _of_parcels(wanted: OrderFilter) -> Iterator[ColumnElement[bool]]:
    """What nearly all parcels may have: each order is asked for its own."""
    work, elsewhere = FulfillmentOrderRow, ParcelElsewhereRow
    for name, span in _spans(wanted):
        if not span.is_short:
            yield or_(
                *(
                    exists().where(row.order_id == OrderRow.order_id, *_within(getattr(row, name), span))
                    for row in (work, elsewhere)
                )
            )
    if wanted.carrier is not None:
        ours = exists().where(
            work.order_id == OrderRow.order_id,
            ShipmentRow.shipment_id == work.shipment_id,
            ShipmentRow.carrier == wanted.carrier,
        )
        theirs = exists().where(elsewhere.order_id == OrderRow.order_id, elsewhere.carrier == wanted.carrier)
        yield ours | theirs


def _spans(wanted: OrderFilter) -> list[tuple[str, Span]]:
    spans = ("shipped_at", wanted.shipped), ("delivered_at", wanted.delivered)
    return [(name, span) for name, span in spans if span != Span()]


def _of_amount(wanted: OrderFilter) -> Iterator[ColumnElement[bool]]:
    """The amounts are of `wanted.currency`."""
    if wanted.least is not None:
        yield OrderRow.grand_total_minor >= wanted.least.minor_units
    if wanted.most is not None:
        yield OrderRow.grand_total_minor <= wanted.most.minor_units


def _within(column: Any, span: Span) -> list[ColumnElement[bool]]:
    first = [column >= span.first] if span.first is not None else []
    return first + ([column < span.end] if span.end is not None else [])


def _first_id_of(moment: datetime) -> str:
    """Return the least id of an order received at this moment: ids sort by time, so that no index on time is needed."""
    milliseconds = max(0, int(moment.timestamp() * 1000))
    return "".join(CROCKFORD[(milliseconds << 80 >> shift) & 31] for shift in range(125, -1, -5))
