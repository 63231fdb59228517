"""Second thoughts: move a fulfillment order that waits for its release to a cheaper location.

New stock, a location at capacity or a parcel to the same receiver from elsewhere may make another location better. One
transaction cancels the fulfillment order and reserves its stock at the better place. The order is signaled, allocates
again and gets what was reserved (record/sourcing/plans.py).
"""

from collections import Counter
from dataclasses import dataclass, replace

import structlog
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from domain.sourcing.decision import Basis, SourcingDecision, balanced_cost, decide
from domain.status import FulfillmentStatus
from domain.stock.movements import Movement
from models.database import Sessions
from models.fulfillment import FulfillmentLineRow, FulfillmentOrderRow, MergeRow
from models.locks import Lock, try_lock
from models.messaging import PartnerEventRow
from models.stock import ReservationRow
from record import journal
from record.recordset import insert_all
from record.set_aside import MAX_ATTEMPTS, error_name, is_rows_own, set_aside
from record.shipping import merges
from record.shipping.fulfillment_orders import end_fulfillment_order, lock_fulfillment_order
from record.sourcing import plans, shelves
from record.sourcing.needs import Needs, needs_of
from record.sourcing.outlooks import OutlookCache
from record.sourcing.shelves import Shelves
from record.stock import ledger

log = structlog.get_logger()

AT_ONCE = 200

# Not what is released within the next minute.
_WAITS = """
    SELECT work.fulfillment_order_id FROM fulfillment_orders AS work LEFT JOIN merges AS merge USING (merge_id)
    WHERE work.status = 'open' AND work.released_at IS NULL
      AND (merge.closed_at IS NULL AND merge.closes_at > now() + interval '1 minute'
           OR work.wave_at > now() + interval '1 minute' AND work.wave_told_at IS NULL)
"""
_NOT_ASIDE = """
    AND NOT EXISTS (SELECT FROM set_asides
        WHERE kind = 'second_thought' AND subject = work.fulfillment_order_id AND aside_at IS NOT NULL)
"""
WAITING = text(f"""
    {_WAITS} {_NOT_ASIDE} AND work.fulfillment_order_id > :after ORDER BY work.fulfillment_order_id LIMIT :at_once
""")
# Checked again for each: by the time the last one is reached its wave may be released.
STILL_WAITS = text(f"{_WAITS} AND work.fulfillment_order_id = :name")


@dataclass(frozen=True, slots=True)
class Better:
    """A cheaper decision, and why in a sentence."""

    decision: SourcingDecision
    why: str


class Reconsider:
    """Run in every worker, but one at a time. Each run takes the next batch of fulfillment orders."""

    def __init__(self, sessions: Sessions, outlooks: OutlookCache) -> None:
        self._sessions = sessions
        self._outlooks = outlooks
        self._after = ""

    def run(self) -> int:
        """Consider one batch. Return how many fulfillment orders were moved."""
        with self._sessions.begin() as guard:
            if not try_lock(guard, Lock.SECOND_THOUGHTS):
                return 0
            names = guard.scalars(WAITING, {"after": self._after, "at_once": AT_ONCE}).all()
            self._after = names[-1] if len(names) == AT_ONCE else ""
            return sum(self._try_one(name) for name in names)

    def _try_one(self, name: str) -> bool:
        """Reconsider one fulfillment order. One that fails is set aside and does not block the others."""
        try:
            return self._reconsider(name)
        except Exception as trouble:
            if not is_rows_own(trouble):
                raise
            with self._sessions.begin() as session:
                set_aside(session, "second_thought", [name], error_name(trouble), MAX_ATTEMPTS)
            log.warning("not_reconsidered", work=name, error=error_name(trouble))
            return False

    def _reconsider(self, name: str) -> bool:
        with self._sessions.begin() as session:
            row = _lock_waiting(session, name)
            if row is None:
                return False
            needs = _needs(session, row)
            if needs is None:
                return False
            skus = sorted(needs.demand)
            if not _better(session, needs, row, shelves.read(session, skus, self._outlooks)):
                return False
            # Decide again, now on locked stock.
            better = _better(session, needs, row, shelves.lock(session, skus, self._outlooks))
            if better is None or not _move(session, row, better):
                return False
            self._outlooks.count(row.location_id, -needs.demand.total())
            return True


def _lock_waiting(session: Session, name: str) -> FulfillmentOrderRow | None:
    """Lock the fulfillment order and its merge, so that it is not released meanwhile; None if it no longer waits."""
    row = lock_fulfillment_order(session, name)
    if row and row.merge_id:
        merges.lock_merge(session, row.merge_id)
    return row if session.scalar(STILL_WAITS, {"name": name}) else None


def _needs(session: Session, row: FulfillmentOrderRow) -> Needs | None:
    """Return what this fulfillment order alone needs; None if the order waits for more or keeps to its promise, or a
    person chose its location."""
    needs = needs_of(session, [row.order_id])[row.order_id]
    if needs.demand or needs.kept or needs.specified or needs.promise_id:
        return None
    lines = select(FulfillmentLineRow.sku, FulfillmentLineRow.allocated)
    mine = lines.where(FulfillmentLineRow.fulfillment_order_id == row.fulfillment_order_id)
    units = {line.sku: line.allocated for line in session.execute(mine)}
    kept = Counter({(sku, row.location_id): allocated for sku, allocated in units.items()})
    return replace(needs, demand=Counter(units), kept=kept)


def _better(session: Session, needs: Needs, row: FulfillmentOrderRow, stock: Shelves) -> Better | None:
    """Return another assignment if it saves enough, or if the current place is no longer a candidate, such as a full
    one."""
    context, outlook = stock.context, stock.context.outlook
    # Its own units do not count against the capacity of its place.
    others = {**outlook.used, row.location_id: outlook.used.get(row.location_id, 0) - needs.demand.total()}
    stock.context = replace(context, outlook=replace(outlook, used=others))
    basis = _with_shared_parcels(stock.basis(needs, needs.demand), _merging_places(session, row))
    decision = decide(basis, context.chain(needs.channel, needs.policy), exact=context.exact)
    if decision.short or list(decision.assignments) == [row.location_id]:
        return None
    places = " and ".join(decision.assignments)
    if row.location_id not in basis.found.candidates:
        why_not = basis.found.excluded.get(row.location_id, "")
        return Better(decision, f"moved from {row.location_id} to {places}: {why_not}") if why_not else None
    saved = balanced_cost(basis, {row.location_id: dict(needs.demand)}) - decision.cost
    if saved < basis.weights.reconsider_above:
        return None
    return Better(decision, f"moved from {row.location_id} to {places}: saves {saved / 100:.2f}")


def _merging_places(session: Session, row: FulfillmentOrderRow) -> set[str]:
    """Return where open merges for the same receiver gather, so that a parcel leaves from there anyway."""
    if row.merge_id is None:
        return set()
    key = select(MergeRow.merge_key).where(MergeRow.merge_id == row.merge_id).scalar_subquery()
    others = (
        select(MergeRow.location_id)
        .join(FulfillmentOrderRow, FulfillmentOrderRow.merge_id == MergeRow.merge_id)
        .where(MergeRow.merge_key == key, MergeRow.closed_at.is_(None), FulfillmentOrderRow.order_id != row.order_id)
    )
    return set(session.scalars(others))


def _with_shared_parcels(basis: Basis, places: set[str]) -> Basis:
    """Return the basis where a parcel that leaves anyway costs only its added weight."""
    candidates = {
        name: replace(one, rate=replace(one.rate, first=0)) if name in places else one
        for name, one in basis.found.candidates.items()
    }
    return replace(basis, found=replace(basis.found, candidates=candidates))


def _move(session: Session, row: FulfillmentOrderRow, better: Better) -> bool:
    """Cancel the work, reserve it elsewhere and store the event; False if the order was moved MAX_MOVES times
    already."""
    assignments, order_id = better.decision.assignments, row.order_id
    if not plans.keep_plan(session, order_id, assignments, better.why):
        return False
    end_fulfillment_order(session, row, FulfillmentStatus.CANCELED, better.why)
    claims = [
        Movement("reserved", sku, place, units) for place, skus in assignments.items() for sku, units in skus.items()
    ]
    rows = [
        {"order_id": order_id, "sku": claim.sku, "location_id": claim.location_id, "quantity": claim.quantity}
        for claim in claims
    ]
    insert_all(session, ReservationRow, rows)
    ledger.post(session, claims, order_id, better.why)
    data = {"fulfillment_order_id": row.fulfillment_order_id, "from": row.location_id, "to": sorted(assignments)}
    key = f"{row.fulfillment_order_id}:reconsidered"
    journal.append_fact(session, order_id, "sourcing.reconsidered", key, data | {"why": better.why})
    event = {"partner": merges.OURSELVES, "event_id": key, "type": merges.CHANGED, "subject": row.fulfillment_order_id}
    session.execute(insert(PartnerEventRow).values(**event, data={}).on_conflict_do_nothing())
    return True
