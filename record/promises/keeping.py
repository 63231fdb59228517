"""Orders that carry a promise claim what they were promised; where that cannot be, their log says why."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ARRAY, Text, bindparam
from sqlalchemy.orm import Session

from domain.promising import State, extra
from domain.sourcing.candidates import Assignments
from domain.sourcing.decision import SourcingDecision
from domain.stock.movements import Movement
from models.prepared import prepared
from record import journal
from record.journal import Fact
from record.promises.claims import RELEASED, end_claims
from record.sourcing import choosing, plans
from record.sourcing.claims import ClaimBatch
from record.sourcing.needs import Needs
from record.sourcing.plans import PROMISED
from record.sourcing.shelves import Shelves, TakesLong
from record.stock.quotas import LockedQuotas

AS_PROMISED = "as promised"
_IDS = bindparam("promises", type_=ARRAY(Text))
_LOCKED = prepared("""
    SELECT promise_id, order_id, assignments FROM promises
    WHERE promise_id = ANY(:promises) ORDER BY promise_id FOR UPDATE
""").bindparams(_IDS)
_CLAIMS = prepared("""
    SELECT promise_id, sku, location_id, quantity FROM promise_claims WHERE promise_id = ANY(:promises)
""").bindparams(_IDS)
_STATES = prepared("""
    UPDATE orders SET promise_state = became.state FROM unnest(:orders, :states) AS became (order_id, state)
    WHERE orders.order_id = became.order_id
""").bindparams(*(bindparam(name, type_=ARRAY(Text)) for name in ("orders", "states")))


@dataclass(slots=True)
class _Promise:
    promise_id: str
    assignments: Assignments
    claims: Counter[tuple[str, str]] = field(default_factory=Counter)


class PromiseKeeper:
    """The promises of a group of orders, which are locked. Costs nothing for a group without any."""

    def __init__(self, session: Session, group: Mapping[str, Needs]) -> None:
        self._session = session
        self._promises = _read(session, group)
        self._became: dict[str, State] = {}

    @property
    def skus(self) -> set[str]:
        """The SKUs that they hold: lock these too."""
        return {sku for promise in self._promises.values() for sku, _ in promise.claims}

    def decide(
        self, needs: Needs, shelves: Shelves, quotas: LockedQuotas, part: bool, batch: ClaimBatch
    ) -> SourcingDecision:
        """As `choosing.decide`, but as the order was promised, if that can be. What its promise holds is the order's.

        Raises TakesLong in a group, before anything has changed, unless the order is to be sent just as promised.
        """
        promise = self._promises.get(needs.order_id)
        if promise is None:
            return choosing.decide(self._session, needs, shelves, quotas, part)
        state, rest = _judge(needs, promise, shelves, quotas)
        if shelves.hurried and (rest or state != State.KEPT):
            raise TakesLong
        shelves.put_back(promise.claims)
        batch.release(_released(promise), RELEASED)
        self._became[needs.order_id] = state
        if state != State.KEPT:
            return choosing.decide(self._session, needs, shelves, quotas, part)
        return self._as_promised(needs, promise.assignments, shelves, quotas, part)

    def write(self) -> None:
        """Write what became of the promises. The stock that they held is posted with the claims of the orders."""
        if not self._became:
            return
        ids = {order_id: self._promises[order_id].promise_id for order_id in self._became}
        end_claims(self._session, list(ids.values()))
        self._session.execute(_STATES, {"orders": list(ids), "states": [*map(str, self._became.values())]})
        journal.append_facts(self._session, [_fact(*one, ids[one[0]]) for one in self._became.items()])

    def _as_promised(
        self, needs: Needs, assignments: Assignments, shelves: Shelves, quotas: LockedQuotas, part: bool
    ) -> SourcingDecision:
        units = _units(assignments)
        shelves.take(assignments)
        needs.cover(units)
        quotas.hold(needs.channel, needs.order_id, {sku: needs.covered[sku] for sku in units})
        # Our gifts, which nobody promised.
        more = choosing.decide(self._session, needs, shelves, quotas, part) if needs.demand else None
        together = _joined(assignments, more.assignments if more else {})
        plans.keep_promise(self._session, needs.order_id, together, AS_PROMISED)
        short = more.short if more else {}
        return SourcingDecision(together, short, AS_PROMISED, tuple(sorted(together)), PROMISED)


def _read(session: Session, group: Mapping[str, Needs]) -> dict[str, _Promise]:
    """Return the promises by the id of their order, locked."""
    if not (wanted := [needs.promise_id for needs in group.values() if needs.promise_id]):
        return {}
    rows = session.execute(_LOCKED, {"promises": wanted}).all()
    found = {row.promise_id: _Promise(row.promise_id, row.assignments) for row in rows}
    for row in session.execute(_CLAIMS, {"promises": list(found)}):
        found[row.promise_id].claims[row.sku, row.location_id] += row.quantity
    return {row.order_id: found[row.promise_id] for row in rows if row.order_id in group}


def _judge(
    needs: Needs, promise: _Promise, shelves: Shelves, quotas: LockedQuotas
) -> tuple[State, dict[str, int] | None]:
    """Whether the order can be sent as promised, or why not; and what it wants beyond that. Changes nothing."""
    assignments, rest = promise.assignments, extra(needs.demand, promise.assignments)
    places = set(assignments)
    if rest is None or not rest.keys() <= needs.gifts:
        return State.CHANGED, rest
    if places & needs.rejected or (needs.specified and {needs.specified} != places):
        return State.PLACE_REFUSED, rest
    units = _units(assignments)
    in_all = {sku: number + needs.covered[sku] for sku, number in units.items()}
    if quotas.beyond(needs.channel, needs.order_id, in_all):
        return State.BEYOND_QUOTA, rest
    return (State.KEPT if _there(needs, promise, shelves, units) else State.OUT_OF_STOCK), rest


def _there(needs: Needs, promise: _Promise, shelves: Shelves, units: Mapping[str, int]) -> bool:
    """True if every promised place may send its part; a full one too, since it was promised."""
    needs.kept.update(promise.claims)
    try:
        found = shelves.basis(needs, units, only=promise.assignments.keys()).found.candidates
    finally:
        needs.kept.clear()
    return all(
        location in found and found[location].available.get(sku, 0) >= number
        for location, skus in promise.assignments.items()
        for sku, number in skus.items()
    )


def _released(promise: _Promise) -> Sequence[Movement]:
    return [Movement("released", sku, location, units) for (sku, location), units in promise.claims.items()]


def _units(assignments: Assignments) -> Counter[str]:
    units = Counter[str]()
    for skus in assignments.values():
        units.update(skus)
    return units


def _joined(one: Assignments, other: Assignments) -> dict[str, dict[str, int]]:
    sums: dict[str, Counter[str]] = {}
    for assignments in (one, other):
        for location, skus in assignments.items():
            sums.setdefault(location, Counter()).update(skus)
    return {location: dict(units) for location, units in sums.items()}


def _fact(order_id: str, state: State, promise_id: str) -> Fact:
    kept = state == State.KEPT
    data: dict[str, Any] = {"promise_id": promise_id} | ({} if kept else {"code": str(state)})
    return Fact(order_id, "promise.kept" if kept else "promise.broken", f"promise:{state}", data)
