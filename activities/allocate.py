"""Allocate: claim stock at a location for one fulfillment order, and give it back."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from sqlalchemy.orm import Session
from temporalio import activity

from activities.at_once import MadeAllocations
from activities.claim_desk import ClaimDesk
from activities.reserve import GROUP_LOCK_TIMEOUT, StockRequest
from domain.sourcing.candidates import Assignments
from domain.sourcing.decision import SourcingDecision
from domain.status import FULFILLMENT, ORDER, FulfillmentStatus, OrderStatus, is_final
from domain.stock.movements import OutOfStock
from domain.undo import Undone, UndoRequest
from models.database import Sessions
from record import journal
from record.shipping.fulfillment_orders import end_fulfillment_order, lock_fulfillment_order
from record.sourcing import choosing, plans, shelves
from record.sourcing.allocations import Allocation, AllocationBatch, allocation_key
from record.sourcing.locked_orders import LockedOrder, lock_orders
from record.sourcing.needs import Needs, wanted_skus
from record.sourcing.outlooks import OutlookCache
from record.sourcing.plans import plan_keys
from record.sourcing.shelves import Shelves, TakesLong
from record.stock.quotas import LockedQuotas, lock_quotas

MAX_ATTEMPTS = 20
"""How often an allocation tries again when others took the stock first; each time one of them got something."""

_Open = tuple[StockRequest, LockedOrder]


class TooMuchTraffic(Exception):
    """Others took the stock first in every attempt. Temporal retries the step a little later."""


class Allocate:
    """One for each worker: allocations that its threads make at the same time share a transaction."""

    def __init__(self, sessions: Sessions, outlooks: OutlookCache, at_once: MadeAllocations | None = None) -> None:
        self.sessions = sessions
        self._outlooks = outlooks
        self._at_once = at_once or MadeAllocations(sessions)
        self._desk: ClaimDesk[StockRequest, Allocation | None] = ClaimDesk(self._together, lambda request: None)

    @activity.defn
    def allocate_stock(self, request: StockRequest) -> Allocation:
        """Turn the reservation, and demand that it does not cover, into fulfillment orders."""
        if request.at_once and (made := self._at_once.find(allocation_key(request.order_id, request.round))):
            return made
        return self._desk.submit(request) or self._alone(request)

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

    def _together(self, requests: Sequence[StockRequest]) -> list[Allocation | None]:
        with self.sessions.begin() as session:
            return allocate_orders(session, requests, self._outlooks)

    def _alone(self, request: StockRequest) -> Allocation:
        for _ in range(MAX_ATTEMPTS):
            try:
                with self.sessions.begin() as session:
                    [allocation] = allocate_orders(session, [request], self._outlooks, patient=True)
            except OutOfStock:
                continue
            if allocation is None:
                raise KeyError(request.order_id)
            return allocation
        raise TooMuchTraffic


def allocate_orders(
    session: Session, requests: Sequence[StockRequest], outlooks: OutlookCache, patient: bool = False
) -> list[Allocation | None]:
    """Allocate for each request what its order still needs, in the order of the sequence and on locked stock.

    An order that would hold up the others gets None and is tried by itself: one that somebody else has locked, whose
    status allows no work, that is in the group twice, or that only the exact solver can decide. `patient` is for an
    order by itself. It waits for locks and for the solver, locks the stock only afterwards, and raises OutOfStock if
    others were faster, NotAllowed by its status; None then means that it is unknown.
    """
    # Refresh the outlooks before anything is locked.
    outlooks.context(session)
    wanted: dict[str, StockRequest] = {}
    for request in requests:
        wanted.setdefault(request.order_id, request)
    orders = lock_orders(session, list(wanted), None if patient else GROUP_LOCK_TIMEOUT)
    keys = [key for name in orders for key in (_key(wanted[name]), *plan_keys(name))]
    known = journal.earlier_answers(session, keys)
    answers, to_allocate = dict[str, Allocation](), list[_Open]()
    for name, request in wanted.items():
        if name not in orders:
            continue
        if answer := known.get(_key(request)):
            answers[name] = Allocation.from_answer(answer)
        elif request.judged and orders[name].needs.unjudged:
            answers[name] = Allocation(unjudged=True)
        elif patient or _allows_work(orders[name].status):
            to_allocate.append((request, orders[name]))
    if to_allocate:
        answers |= _allocate(session, to_allocate, known, outlooks, patient)
    return [answers.get(request.order_id) if request == wanted[request.order_id] else None for request in requests]


def _allocate(
    session: Session, opened: Sequence[_Open], known: Mapping[str, Any], outlooks: OutlookCache, patient: bool
) -> dict[str, Allocation]:
    """Decide the locked orders one after the other and write all. Return the allocations by order id, without those
    that only the exact solver can decide."""
    needs = {request.order_id: order.needs for request, order in opened}
    # What an order reserves is released, even if it does not need it any more.
    skus = sorted({*wanted_skus(needs.values()), *(sku for one in needs.values() for sku, _ in one.kept)})
    allowed = lock_quotas(session, (order.channel for order in needs.values()), skus, needs)
    stock = (shelves.read if patient else shelves.lock)(session, skus, outlooks)
    if not patient:
        stock.refuse_solver()
    batch, answers, decided = AllocationBatch(stock.context), dict[str, Allocation](), list[tuple[Needs, Assignments]]()
    for request, order in opened:
        with suppress(TakesLong):
            decision = _decide(session, order.needs, stock, allowed, request.partial, known)
            allocation = batch.add(order, request.round, _key(request), decision, request.partial)
            answers[request.order_id] = allocation
            decided.append((order.needs, decision.assignments))
            for work in allocation.work:
                outlooks.count(work.location_id, work.units)
    allowed.write()
    if patient:
        locked = shelves.lock(session, skus, outlooks)
        for of_order, assignments in decided:
            locked.confirm(of_order, assignments)
    batch.write(session)
    return answers


def _decide(
    session: Session, needs: Needs, stock: Shelves, allowed: LockedQuotas, part: bool, known: Mapping[str, Any]
) -> SourcingDecision:
    """Decide as planned if the order was moved, else anew. What it reserved returns to the shelves."""
    if not needs.demand:
        decision = SourcingDecision({}, {}, "nothing is left")
    elif plan := plans.planned(needs, known):
        decision = plans.decision_of(plan, stock.basis(needs, needs.demand))
        stock.take(decision.assignments)
    else:
        decision = choosing.decide(session, needs, stock, allowed, part)
    if decision.assignments or not decision.short:
        stock.put_back(needs.kept)
    return decision


def _key(request: StockRequest) -> str:
    return allocation_key(request.order_id, request.round)


def _allows_work(status: OrderStatus) -> bool:
    return status == OrderStatus.IN_PROGRESS or OrderStatus.IN_PROGRESS in ORDER[status]
