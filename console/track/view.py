"""What the customer's page shows of an order, made from the API's answers. Personal data is masked here."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import chain
from typing import Any

from api.access import Caller
from api.dependencies import Services
from api.errors import Problem
from api.orders.answers import OrderAnswer
from api.orders.edit_schemas import PaymentLinkAnswer
from api.orders.edits import payment_link_of
from api.orders.line_answers import OrderLineAnswer
from api.returns.policies import windows_in_force
from api.shipping.shipments import show_shipment
from api.stock.locations import read_location
from console.words import Words
from domain.masks import mask_receiver
from domain.self_service import Act, SelfServiceBasis, may_do
from domain.status import RETURN, FulfillmentStatus, OrderStatus, ReturnStatus, TrackingStatus, is_final
from domain.waiting import PartOfOrder, Standing, Wait, why_it_waits

DONE = frozenset({"cancel", "cancel_asked", "edit", "return", "pending"})
"""What the page may say at its top after a form."""
MOMENT = timedelta(seconds=1)
"""The end of a window is the midnight after its last day."""
MOST_LINES, MOST_PARCELS, MOST_TRACKS = 50, 20, 8
NO_WORK = (FulfillmentStatus.REJECTED, FulfillmentStatus.CANCELED)
GAVE_BACK = (ReturnStatus.REJECTED, ReturnStatus.CANCELED, ReturnStatus.EXPIRED)
"""Cases that gave nothing back: their units may be returned again."""
STEPS = ("received", "accepted", "packed", "sent", "delivered")


@dataclass(frozen=True, slots=True)
class Track:
    status: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Parcel:
    carrier: str
    waybill: str
    status: str
    tracks: Sequence[Track]


@dataclass(frozen=True, slots=True)
class View:
    """`reached` is the number of `steps` that the order has taken, `deliver_on` the day that the customer chose."""

    wait: Wait
    steps: Sequence[str]
    reached: int
    over: bool
    acts: Sequence[Act]
    parcels: Sequence[Parcel]
    lines: Sequence[OrderLineAnswer]
    more_lines: int
    receiver: Mapping[str, str]
    store: str
    payment: PaymentLinkAnswer | None
    return_until: date | None
    deliver_on: date | None


def view_of(services: Services, caller: Caller, order: OrderAnswer, words: Words) -> View:
    """Return what is shown; it reads parcels, the store and an open payment link."""
    service = self_service(services, order)
    usually = service.return_until_usually
    parcels = list(chain(_parcels(services, caller, order), _elsewhere(order)))
    pay = any(hold.code == "PAYMENT_DUE" for hold in order.holds)
    chosen = order.instructions.get("deliver_on")
    return View(
        wait=why_it_waits(service.standing),
        steps=[f"{step}_store" if order.pickup_location and step in ("sent", "delivered") else step for step in STEPS],
        reached=_reached(service.standing),
        over=order.status in (OrderStatus.CANCELED, OrderStatus.REJECTED, OrderStatus.EXPIRED),
        acts=may_do(service),
        parcels=parcels[:MOST_PARCELS],
        lines=[line for line in order.lines if line.quantity > line.withdrawn][:MOST_LINES],
        more_lines=max(0, len(order.lines) - MOST_LINES),
        receiver=mask_receiver(order.ship_to),
        store=_store(services, caller, order.pickup_location),
        payment=payment_link_of(services, order.order_id) if pay else None,
        return_until=words.local_day(usually - MOMENT) if usually and Act.RETURN in may_do(service) else None,
        deliver_on=date.fromisoformat(chosen) if chosen else None,
    )


def self_service(services: Services, order: OrderAnswer) -> SelfServiceBasis:
    """Return what decides which acts are offered now."""
    standing, units = standing_of(order), returnable(order)
    ours = [part.delivered_at for part in order.fulfillment_orders]
    times = [at for at in (*ours, *(parcel.delivered_at for parcel in order.parcels_elsewhere)) if at is not None]
    return SelfServiceBasis(
        standing,
        datetime.now(UTC),
        past=order.past,
        masked=bool(order.ship_to.get("receiver_token")),
        delivered_at=max(times) if times else None,
        returnable=units,
        # Reading the parameters takes as long as the rest of a page.
        windows=windows_in_force(services, order.channel) if units else {},
    )


def standing_of(order: OrderAnswer) -> Standing:
    tracking = {shipment.shipment_id: shipment.tracking_status for shipment in order.shipments}
    work = [part for part in order.fulfillment_orders if part.status not in NO_WORK]
    parts = [
        PartOfOrder(
            FulfillmentStatus(part.status),
            _tracking(tracking.get(part.shipment_id or "")),
            part.pickup,
            part.ready_at is not None,
            part.wave_at if part.released_at is None else None,
        )
        for part in work
    ]
    sent = FulfillmentStatus.SHIPPED, FulfillmentStatus.DELIVERED
    parts += [PartOfOrder(sent[parcel.delivered_at is not None]) for parcel in order.parcels_elsewhere]
    stops = [(order.attention or "").partition(" ")[0].rstrip(":")] if order.attention else []
    return Standing(
        OrderStatus(order.status),
        [hold.code for hold in order.holds],
        stops,
        {line.sku: line.promised_on for line in order.shortages},
        parts,
        bool(order.pickup_location),
        order.promised.ship_by,
        order.promised.deliver_by,
    )


def returnable(order: OrderAnswer) -> dict[int, int]:
    """Return by line number the units that were delivered and that no case has."""
    asked: dict[int, int] = {}
    for case in order.returns:
        if case.status not in GAVE_BACK:
            for line in case.lines:
                asked[line.line_no] = asked.get(line.line_no, 0) + line.quantity
    return {
        line.line_no: units
        for line in order.lines
        # Units that the channel sent itself count as delivered there, too.
        if not line.added_by and (units := min(line.quantity, line.progress.delivered) - asked.get(line.line_no, 0)) > 0
    }


def open_cases(order: OrderAnswer) -> list[Any]:
    return [case for case in order.returns if not is_final(RETURN, ReturnStatus(case.status))]


def _tracking(status: str | None) -> TrackingStatus | None:
    return TrackingStatus(status) if status in set(TrackingStatus) else None


def _reached(standing: Standing) -> int:
    """Return how many of the steps the slowest part has taken."""
    if standing.status is OrderStatus.COMPLETED:
        return len(STEPS)
    if standing.status in (OrderStatus.RECEIVED, OrderStatus.UNDER_REVIEW) or not standing.parts:
        return 1 if standing.status in (OrderStatus.RECEIVED, OrderStatus.UNDER_REVIEW) else 2
    taken = {FulfillmentStatus.PACKED: 3, FulfillmentStatus.SHIPPED: 4, FulfillmentStatus.DELIVERED: 5}
    return min(4 if part.ready else taken.get(part.status, 2) for part in standing.parts)


def _parcels(services: Services, caller: Caller, order: OrderAnswer) -> Iterator[Parcel]:
    for shipment in order.shipments[:MOST_PARCELS]:
        if shipment.voided_at is not None:
            continue
        try:
            tracking = show_shipment(shipment.shipment_id, caller, services).tracking
        except Problem:
            # It also carries an order of another channel.
            tracking = []
        # Without the notes of couriers, who write names.
        tracks = [Track(one.status, one.occurred_at) for one in reversed(tracking)]
        yield Parcel(shipment.carrier, shipment.waybill, shipment.tracking_status, tracks[:MOST_TRACKS])


def _elsewhere(order: OrderAnswer) -> Iterator[Parcel]:
    for parcel in order.parcels_elsewhere:
        status = TrackingStatus.DELIVERED if parcel.delivered_at else TrackingStatus.IN_TRANSIT
        times = ((TrackingStatus.DELIVERED, parcel.delivered_at), (TrackingStatus.IN_TRANSIT, parcel.shipped_at))
        yield Parcel(parcel.carrier, parcel.waybill, status, [Track(name, at) for name, at in times if at])


def _store(services: Services, caller: Caller, location_id: str) -> str:
    if not location_id:
        return ""
    try:
        return read_location(location_id, caller, services).name
    except Problem:
        return location_id
