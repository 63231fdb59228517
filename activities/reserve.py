"""Reserve: a soft claim on stock, so that no other order is promised the same units; and its release."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import delete
from sqlalchemy.orm import Session
from temporalio import activity

from activities.at_once import MadeAllocations
from activities.claim_desk import ClaimDesk
from domain.stock.movements import Movement
from domain.undo import Undone, UndoRequest
from models.database import Sessions
from models.stock import ReservationRow
from record import journal
from record.promises.keeping import PromiseKeeper
from record.sourcing import shelves
from record.sourcing.allocations import allocation_key
from record.sourcing.claims import ClaimBatch, Reservation
from record.sourcing.needs import lock_needs_of, wanted_skus
from record.sourcing.outlooks import OutlookCache
from record.sourcing.shelves import TakesLong
from record.stock import ledger, queue, quotas

# How long a group waits for a lock: after that each claim is tried alone.
GROUP_LOCK_TIMEOUT = "1s"


@dataclass(frozen=True)
class StockRequest:
    """`round` counts the attempts of one order from 1, so that each has an idempotency key of its own.

    With `partial` the order takes what is available while the rest is short. With `judged` an order that has changed
    since its audit is audited first. With `at_once` the audit has allocated all of it (activities/at_once.py).
    """

    order_id: str
    round: int
    partial: bool = False
    judged: bool = False
    at_once: bool = False


class Reserve:
    """One for each worker: claims that its threads make at the same time share a transaction."""

    def __init__(self, sessions: Sessions, outlooks: OutlookCache, at_once: MadeAllocations | None = None) -> None:
        self.sessions = sessions
        self._outlooks = outlooks
        self._at_once = at_once or MadeAllocations(sessions)
        self._desk: ClaimDesk[StockRequest, Reservation | None] = ClaimDesk(self._together, lambda request: None)

    @activity.defn
    def reserve_stock(self, request: StockRequest) -> Reservation:
        """Claim everything that the order still needs, or put the order into the queue for stock. A `partial` request
        claims what is available and waits for the rest.
        """
        if request.at_once and (made := self._at_once.find(allocation_key(request.order_id, request.round + 1))):
            return Reservation(sum(work.units for work in made.work), sorted(work.location_id for work in made.work))
        return self._desk.submit(request) or self._alone(request)

    @activity.defn
    def release_stock(self, undo: UndoRequest) -> Undone:
        """Release whatever the order still reserves. Safe when it reserves nothing."""
        with self.sessions.begin() as session:
            journal.lock_order(session, undo.order_id)
            given_back = drop_reservations(session, undo.order_id)
            quotas.give_back(session, undo.order_id)
            ledger.post(session, given_back, undo.order_id, "released")
            queue.remove(session, undo.order_id)
            if given_back:
                key = f"reservation.released:{undo.subject}"
                units = sum(movement.quantity for movement in given_back)
                journal.append_fact(session, undo.order_id, "reservation.released", key, {"units": units})
        return Undone(done=True)

    def _together(self, requests: Sequence[StockRequest]) -> list[Reservation | None]:
        with self.sessions.begin() as session:
            answers = _claim(session, requests, self._outlooks, GROUP_LOCK_TIMEOUT)
        return [answers.get(_key(request)) for request in requests]

    def _alone(self, request: StockRequest) -> Reservation:
        with self.sessions.begin() as session:
            return claim_stock(session, [request], self._outlooks)[0]


def drop_reservations(session: Session, order_id: str) -> list[Movement]:
    """Delete every reservation of the order. Return the movements that the caller must post."""
    held = session.execute(
        delete(ReservationRow)
        .where(ReservationRow.order_id == order_id)
        .returning(ReservationRow.sku, ReservationRow.location_id, ReservationRow.quantity)
    )
    return [Movement("released", row.sku, row.location_id, row.quantity) for row in held]


def claim_stock(session: Session, requests: Sequence[StockRequest], outlooks: OutlookCache) -> list[Reservation]:
    """Reserve for each request what its order still needs, in the order of the sequence.

    All code locks orders before promises, promises before quotas and quotas before stock, each by key, so that groups
    of several processes never deadlock. An unknown order is a defect and raises KeyError.
    """
    answers = _claim(session, requests, outlooks)
    return [answers[_key(request)] for request in requests]


def _claim(
    session: Session, requests: Sequence[StockRequest], outlooks: OutlookCache, patience: str | None = None
) -> dict[str, Reservation]:
    """Claim for all requests. Return the answers by their keys.

    `patience` is the longest wait for a lock, as PostgreSQL writes it ("1s"). With it the answers lack those that only
    the exact solver can decide, so that no group waits for it.
    """
    keys = [_key(request) for request in requests]
    # Refresh the outlooks before anything is locked.
    outlooks.context(session)
    needs = lock_needs_of(session, [request.order_id for request in requests], patience)
    promised = PromiseKeeper(session, needs)
    skus = sorted({*wanted_skus(needs.values()), *promised.skus})
    allowed = quotas.lock_quotas(session, (order.channel for order in needs.values()), skus, needs)
    stock = shelves.lock(session, skus, outlooks)
    if patience:
        stock.refuse_solver()
    # Read after the stock is locked: a concurrent request with the same key has committed by now.
    known = journal.earlier_answers(session, keys)
    answers = {key: Reservation(**answer) for key, answer in known.items()}
    batch = ClaimBatch()
    for key, request in zip(keys, requests, strict=True):
        if key in answers:
            continue
        order = needs[request.order_id]
        order.cover_reserved()
        with suppress(TakesLong):
            decision = promised.decide(order, stock, allowed, request.partial, batch)
            answers[key] = batch.add(order, key, decision, request.partial, waited=request.round > 1)
    allowed.write()
    promised.write()
    batch.write(session)
    return answers


def _key(request: StockRequest) -> str:
    return f"{request.order_id}:reserve:{request.round}"
