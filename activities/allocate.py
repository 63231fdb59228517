"""Allocate: claim stock at a location for one fulfillment order, and give it back."""

from dataclasses import asdict, dataclass, field, replace
from typing import Any

from sqlalchemy import Text, bindparam, func, select
from sqlalchemy.orm import Session
from temporalio import activity

from activities.reserve import StockRequest, drop_reservations
from domain.ids import fulfillment_order_id
from domain.sourcing.decision import SourcingDecision
from domain.status import FULFILLMENT, FulfillmentStatus, OrderStatus, is_final
from domain.stock.movements import Movement, OutOfStock
from domain.undo import Undone, UndoRequest
from models.base import table
from models.database import Sessions
from models.fulfillment import FulfillmentLineRow, FulfillmentOrderRow
from models.order import OrderRow
from record import journal
from record.orders.promises import update_due
from record.recordset import insert_all
from record.shipping import merges
from record.shipping.fulfillment_orders import end_fulfillment_order, lock_fulfillment_order
from record.shipping.waves import waves_for
from record.sourcing import choosing, plans, shelves
from record.sourcing.choosing import Backorder
from record.sourcing.decisions import keep_decision
from record.sourcing.needs import lock_order_needs
from record.sourcing.outlooks import OutlookCache
from record.stock import ledger
from record.stock.quotas import lock_quotas

# Built once: building a statement costs more than sending it.
_ORDERS = table(OrderRow)
_WISHES = select(_ORDERS.c.instructions, _ORDERS.c.tags, _ORDERS.c.pickup_location).where(
    _ORDERS.c.order_id == bindparam("order_id", type_=Text)
)

MAX_ATTEMPTS = 20
"""How often an allocation tries again when others took the stock first; each time one of them got something."""


class TooMuchTraffic(Exception):
    """Others took the stock first in every attempt. Temporal retries the step a little later."""


@dataclass(frozen=True)
class Work:
    """One fulfillment order of an allocation. `wave_at` is when its location gets it, in ISO 8601; empty means at once.
    With `pickup` the customer fetches it there."""

    fulfillment_order_id: str
    location_id: str
    units: int
    wave_at: str = ""
    pickup: bool = False


@dataclass(frozen=True)
class Allocation:
    """The work for each location, and the units that no location has. While units are short nothing is allocated,
    unless the order may be split.

    `merge_window` is how many seconds the work may wait for other orders of the same receiver; 0 means not at all.
    `why` says in a sentence why these locations were chosen.
    """

    work: list[Work] = field(default_factory=list)
    short_units: int = 0
    merge_window: float = 0.0
    why: str = ""
    unjudged: bool = False
    """True if the order has changed and must be audited first: nothing was allocated."""


class Allocate:
    def __init__(self, sessions: Sessions, outlooks: OutlookCache) -> None:
        self.sessions = sessions
        self._outlooks = outlooks

    @activity.defn
    def allocate_stock(self, request: StockRequest) -> Allocation:
        """Turn the reservation, and demand that it does not cover, into fulfillment orders."""
        for _ in range(MAX_ATTEMPTS):
            try:
                with self.sessions.begin() as session:
                    return _allocate(session, request, self._outlooks)
            except OutOfStock:
                continue
        raise TooMuchTraffic

    @activity.defn
    def deallocate_stock(self, undo: UndoRequest) -> Undone:
        """Cancel a fulfillment order that has not shipped, and give its stock back."""
        with self.sessions.begin() as session:
            row = lock_fulfillment_order(session, undo.subject)
            status = FulfillmentStatus(row.status) if row else FulfillmentStatus.CANCELED
            # Fetched goods are delivered, even if the order has not recorded it yet.
            gone = status in (FulfillmentStatus.SHIPPED, FulfillmentStatus.DELIVERED) or bool(row and row.fetched_at)
            if row and not is_final(FULFILLMENT, status) and not gone:
                end_fulfillment_order(session, row, FulfillmentStatus.CANCELED, undo.reason)
        return Undone(done=not gone)


def _allocate(session: Session, request: StockRequest, outlooks: OutlookCache) -> Allocation:
    order_id, key = request.order_id, f"{request.order_id}:allocate:{request.round}"
    known = journal.earlier_answers(session, [key, *plans.plan_keys(order_id)])
    if answer := known.get(key):
        return Allocation(**answer | {"work": [Work(**work) for work in answer["work"]]})
    needs = lock_order_needs(session, order_id)
    if request.judged and needs.unjudged:
        return Allocation(unjudged=True)
    decision = SourcingDecision({}, {}, "nothing is left")
    if needs.demand:
        skus = list(needs.demand)
        allowed = lock_quotas(session, [needs.channel], skus, [order_id])
        stock = shelves.read(session, skus, outlooks)
        if plan := plans.planned(needs, known):
            decision = plans.decision_of(plan, stock.basis(needs, needs.demand))
        else:
            decision = choosing.decide(session, needs, stock, allowed, request.partial)
        allowed.write()
    short, allocation = sum(decision.short.values()), Allocation()
    if decision.assignments or not short:
        context = outlooks.context(session)
        versions = context.parameters.version, context.outlook.lead_times.version
        why = keep_decision(session, order_id, request.round, decision, *versions)
        opened = _open_fulfillment_orders(session, order_id, replace(decision, reason=why))
        for work in opened.work:
            outlooks.count(work.location_id, work.units)
        allocation = replace(opened, why=why if opened.work else "")
        data = {"why": why, "considered": list(decision.considered), "work": asdict(allocation)["work"]}
        journal.append_fact(session, order_id, "sourcing.decided", key, data)
    if short:
        allocation = replace(allocation, short_units=short)
        event = f"{key}:short" if decision.assignments else key
        choosing.wait_for_stock(session, [Backorder.of(needs, decision, request.partial, event)])
    elif request.round > 1:
        choosing.wait_for_stock(session, [], [order_id])
    journal.remember(session, key, asdict(allocation))
    return allocation


def _open_fulfillment_orders(session: Session, order_id: str, decision: SourcingDecision) -> Allocation:
    journal.advance_order(session, order_id, OrderStatus.IN_PROGRESS)
    first = 1 + (
        session.scalar(select(func.max(FulfillmentOrderRow.number)).where(FulfillmentOrderRow.order_id == order_id))
        or 0
    )
    order = session.execute(_WISHES, {"order_id": order_id}).one()
    waves = waves_for(session, decision.assignments, order.instructions, order.tags)
    work, orders, lines, claims = [], list[dict[str, Any]](), list[dict[str, Any]](), []
    for number, (location, skus) in enumerate(decision.assignments.items(), first):
        name = fulfillment_order_id(order_id, number)
        wave = waves.get(location)
        pickup = location == order.pickup_location
        work.append(Work(name, location, sum(skus.values()), wave.isoformat() if wave else "", pickup))
        orders.append(
            {
                "fulfillment_order_id": name,
                "order_id": order_id,
                "number": number,
                "location_id": location,
                "reason": decision.reason,
                "wave_at": wave,
                "wave_after": wave,
                "pickup": pickup,
            }
        )
        lines += [
            {"fulfillment_order_id": name, "sku": sku, "quantity": units, "allocated": units}
            for sku, units in skus.items()
        ]
        claims += [Movement("allocated", sku, location, units) for sku, units in skus.items()]
    insert_all(session, FulfillmentOrderRow, orders)
    insert_all(session, FulfillmentLineRow, lines)
    # Released and allocated in one movement of the counters: nobody can take the stock in between.
    ledger.post(session, [*drop_reservations(session, order_id), *claims], order_id, "allocated")
    if first > 1:
        update_due(session, order_id)
    return Allocation(work, merge_window=merges.window_of(session, order_id))
