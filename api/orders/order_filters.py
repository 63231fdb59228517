"""What a list of orders can be filtered by, as conditions of SQL."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select, union_all
from sqlalchemy.orm import Session

from api.orders.at_risk import at_location
from api.orders.staff_filters import order_conditions
from domain.ids import CROCKFORD
from domain.money import Money
from domain.status import FulfillmentStatus, OrderStatus, PaymentStatus
from models.fulfillment import FulfillmentOrderRow, ShipmentRow
from models.order import TAGGED, HoldRow, OrderRow, ParcelElsewhereRow
from models.vault import vault_of
from record.orders.derived_status import has_fulfillment_status, has_payment_status
from record.orders.text_search import text_condition


@dataclass(frozen=True, slots=True)
class Span:
    """From `first` on, and before `end`; None is open."""

    first: datetime | None = None
    end: datetime | None = None


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


def conditions_of(session: Session, wanted: OrderFilter) -> list[ColumnElement[bool]]:
    conditions = [*_equal(wanted), *_of_person(session, wanted), *_of_work(wanted), *_of_amount(wanted)]
    conditions += _within(OrderRow.placed_at, wanted.placed)
    if wanted.q is not None:
        conditions.append(text_condition(session, wanted.q, wanted.channel))
    if wanted.hold is not None:
        held = select(HoldRow.order_id).where(HoldRow.code == wanted.hold, HoldRow.released_at.is_(None))
        conditions.append(OrderRow.order_id.in_(held))
    if wanted.attention is not None:
        conditions.append(OrderRow.attention.is_not(None) if wanted.attention else OrderRow.attention.is_(None))
    if wanted.tag is not None:
        conditions += [OrderRow.tags.contains([wanted.tag]), TAGGED]  # type: ignore[list-item]
    conditions += order_conditions(wanted.assignee, wanted.mentions, wanted.has_notes)
    if wanted.payment_status is not None:
        conditions.append(has_payment_status(wanted.payment_status))
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


def _of_work(wanted: OrderFilter) -> Iterator[ColumnElement[bool]]:
    work = FulfillmentOrderRow
    if wanted.location is not None:
        yield at_location(wanted.location)
    if wanted.fulfillment_status is not None:
        yield has_fulfillment_status(wanted.fulfillment_status)
    for name, span in (("shipped_at", wanted.shipped), ("delivered_at", wanted.delivered)):
        if span != Span():
            ours, theirs = (
                select(row.order_id).where(*_within(getattr(row, name), span)) for row in (work, ParcelElsewhereRow)
            )
            yield OrderRow.order_id.in_(union_all(ours, theirs))
    if wanted.carrier is not None:
        ours = select(work.order_id).join(ShipmentRow, ShipmentRow.shipment_id == work.shipment_id)
        theirs = select(ParcelElsewhereRow.order_id).where(ParcelElsewhereRow.carrier == wanted.carrier)
        yield OrderRow.order_id.in_(union_all(ours.where(ShipmentRow.carrier == wanted.carrier), theirs))


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
