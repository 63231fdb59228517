"""Reserve: a soft claim on stock, so that nobody else is promised the same units; and letting go of it."""

from dataclasses import asdict, dataclass, field

from sqlalchemy import delete
from sqlalchemy.orm import Session
from temporalio import activity

from activities import journal, ledger, sourcing
from activities.rows import insert_all
from activities.undo import Undone, UndoRequest
from domain.stock import Movement, OutOfStock
from goods import quotas
from models.database import Sessions
from models.stock import BackorderRow, ReservationRow

LOOKS = 20
"""How often a claim looks again when others were faster; each time somebody got something."""


class TooMuchTraffic(Exception):
    """Others were faster twenty times in a row: tried again a little later."""


@dataclass(frozen=True)
class StockRequest:
    """`round` counts the tries of one order from 1, so that each has an idempotency key of its own.

    `partial` is of an order that is allocated what there is while the rest is short.
    """

    order_id: str
    round: int
    partial: bool = False


@dataclass(frozen=True)
class Reservation:
    """Units claimed, where, and how many units nobody has. Nothing is claimed while something is short."""

    units: int
    locations: list[str] = field(default_factory=list)
    short_units: int = 0


class Reserve:
    def __init__(self, sessions: Sessions) -> None:
        self.sessions = sessions

    @activity.defn
    def reserve_stock(self, request: StockRequest) -> Reservation:
        """Claim everything that the order still needs, or put it on the list of those who wait for stock."""
        for _ in range(LOOKS):
            try:
                with self.sessions.begin() as session:
                    return reserve_once(session, request)
            except OutOfStock:
                continue
        raise TooMuchTraffic

    @activity.defn
    def release_stock(self, undo: UndoRequest) -> Undone:
        """Let go of whatever the order still reserves; nothing when there is nothing."""
        with self.sessions.begin() as session:
            given_back = drop_reservations(session, undo.order_id)
            quotas.give_back(session, undo.order_id)
            ledger.post(session, given_back, undo.order_id, undo.reason)
            session.execute(delete(BackorderRow).where(BackorderRow.order_id == undo.order_id))
            if given_back:
                key = f"reservation.released:{undo.subject}"
                units = sum(movement.quantity for movement in given_back)
                journal.happened(session, undo.order_id, "reservation.released", key, {"units": units})
        return Undone(done=True)


def drop_reservations(session: Session, order_id: str) -> list[Movement]:
    """Forget every reservation of the order, and answer the movements that the caller posts for it."""
    held = session.execute(
        delete(ReservationRow)
        .where(ReservationRow.order_id == order_id)
        .returning(ReservationRow.sku, ReservationRow.location_id, ReservationRow.quantity)
    )
    return [Movement("released", row.sku, row.location_id, row.quantity) for row in held]


def reserve_once(session: Session, request: StockRequest) -> Reservation:
    """Claim it in the caller's transaction, or put the order on the list. Raises OutOfStock when others were faster."""
    order_id, key = request.order_id, f"{request.order_id}:reserve:{request.round}"
    if known := journal.repeat_of(session, key):
        return Reservation(**known)
    demand = sourcing.outstanding(session, order_id)
    decision = sourcing.decide(session, order_id, demand)
    if decision.short:
        sourcing.wait_for_stock(session, order_id, decision, key)
        reservation = Reservation(0, [], sum(decision.short.values()))
    else:
        claims = [
            Movement("reserved", sku, location, units)
            for location, skus in decision.assignments.items()
            for sku, units in skus.items()
        ]
        reservation = Reservation(sum(claim.quantity for claim in claims), sorted(decision.assignments))
        if request.round > 1:
            session.execute(delete(BackorderRow).where(BackorderRow.order_id == order_id))
        _claim(session, order_id, claims)
        data = {"units": reservation.units, "locations": reservation.locations}
        journal.happened(session, order_id, "reservation.created", key, data)
    journal.remember(session, key, asdict(reservation))
    return reservation


def _claim(session: Session, order_id: str, claims: list[Movement]) -> None:
    if not claims:
        return
    rows = [
        {"order_id": order_id, "sku": claim.sku, "location_id": claim.location_id, "quantity": claim.quantity}
        for claim in claims
    ]
    insert_all(session, ReservationRow, rows)
    # Last, so that the rows of hot goods are locked for the shortest time.
    ledger.post(session, claims, order_id, "reserved")
