"""Allocate in the transaction that writes the audit, where everything of an order is there.

The steps reserve and allocate then answer with what was made, from memory if the same worker takes them.
"""

from collections import OrderedDict
from collections.abc import Mapping
from threading import Lock

from sqlalchemy.orm import Session

from domain.status import OrderStatus
from models.database import Sessions, reading
from record import journal
from record.sourcing import choosing, shelves
from record.sourcing.allocations import Allocation, AllocationBatch, allocation_key
from record.sourcing.locked_orders import LockedOrder, lock_orders
from record.sourcing.needs import wanted_skus
from record.sourcing.outlooks import OutlookCache
from record.sourcing.shelves import TakesLong
from record.stock.quotas import lock_quotas

REMEMBERED = 1_000
"""Allocations whose steps have not asked for them yet; they ask within the same workflow task."""


class MadeAllocations:
    """The allocations that audits have made, by the key of the step that answers with them. One for each worker."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._guard = Lock()
        self._made: OrderedDict[str, Allocation] = OrderedDict()

    def keep(self, made: Mapping[str, Allocation]) -> None:
        with self._guard:
            self._made.update(made)
            while len(self._made) > REMEMBERED:
                self._made.popitem(last=False)

    def find(self, key: str) -> Allocation | None:
        """Return the allocation, also if another worker or one before a crash has made it."""
        with self._guard:
            if known := self._made.get(key):
                return known
        with reading(self._sessions) as session:
            answer = journal.earlier_answer(session, key)
        return Allocation.from_answer(answer) if answer else None


def allocate_at_once(
    session: Session, rounds: Mapping[str, int], outlooks: OutlookCache, patience: str
) -> dict[str, Allocation]:
    """Allocate all that these orders need, each in its round. Return the allocations by the keys of their steps.

    The caller holds the locks of the orders, and has just accepted them. Whatever is not plain is left to the steps of
    its own: an order of which something is short, that was promised, or that only the exact solver can decide.
    """
    orders = {name: order for name, order in lock_orders(session, list(rounds), patience).items() if _is_new(order)}
    needs = {name: order.needs for name, order in orders.items()}
    skus = wanted_skus(needs.values())
    allowed = lock_quotas(session, (one.channel for one in needs.values()), skus, needs)
    stock = shelves.lock(session, skus, outlooks)
    stock.refuse_solver()
    batch, made = AllocationBatch(stock.context), dict[str, Allocation]()
    for name in (name for name in rounds if name in orders):
        try:
            decision = choosing.decide(session, needs[name], stock, allowed)
        except TakesLong:
            continue
        if decision.short:
            continue
        key = allocation_key(name, rounds[name])
        made[key] = batch.add_whole(orders[name], rounds[name], key, decision)
        for work in made[key].work:
            outlooks.count(work.location_id, work.units)
    allowed.write()
    batch.write(session)
    return made


def _is_new(order: LockedOrder) -> bool:
    """True if nothing was claimed, promised or sent for it yet."""
    needs = order.needs
    claimed = needs.kept or needs.covered or needs.promise_id or order.opened or order.waits
    return order.status == OrderStatus.ACCEPTED and bool(needs.demand) and not claimed and not needs.unjudged
