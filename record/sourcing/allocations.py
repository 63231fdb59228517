"""Allocations of a group, gathered in memory and written in a few statements."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from domain.ids import fulfillment_order_id
from domain.sourcing.decision import SourcingDecision
from domain.status import ORDER, OrderStatus, advance
from domain.stock.movements import Movement
from models.fulfillment import FulfillmentLineRow, FulfillmentOrderRow
from record import journal
from record.journal import Fact
from record.orders.promises import update_due
from record.recordset import insert_recordset
from record.shipping.waves import waves_for
from record.sourcing import choosing
from record.sourcing.choosing import Backorder
from record.sourcing.decisions import INSERT_DECISIONS, decision_row
from record.sourcing.locked_orders import LockedOrder
from record.sourcing.outlooks import SourcingContext
from record.stock import ledger
from record.stock.ledger import Posting


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

    @classmethod
    def from_answer(cls, answer: Mapping[str, Any]) -> "Allocation":
        """Return the allocation that a step has remembered."""
        return cls(**{**answer, "work": [Work(**work) for work in answer["work"]]})


def allocation_key(order_id: str, round_: int) -> str:
    """Return the key of the step that allocates in this round."""
    return f"{order_id}:allocate:{round_}"


# Built once: building a statement costs more than sending it.
_NAMED = "order_id = ANY(ARRAY(SELECT json_array_elements_text(:rows)))"
_WRITE = ledger.posting(
    advanced=text(f"UPDATE orders SET status = '{OrderStatus.IN_PROGRESS}' WHERE {_NAMED}"),
    released=text(f"DELETE FROM reservations WHERE {_NAMED}"),
    work=insert_recordset(
        FulfillmentOrderRow,
        "fulfillment_order_id, order_id, number, location_id, reason, wave_at, wave_after, pickup",
    ),
    lines=insert_recordset(FulfillmentLineRow, "fulfillment_order_id, sku, quantity, allocated"),
    decisions=INSERT_DECISIONS,
    facts=journal.INSERT_FACTS,
    answers=journal.INSERT_ANSWERS,
)


class AllocationBatch:
    """Allocations added one by one and written together, so that rows of hot goods are locked for a short time."""

    def __init__(self, context: SourcingContext) -> None:
        self._context = context
        self._rows: dict[str, list[Any]] = {name: [] for name in ("advanced", "released", "work", "lines", "decisions")}
        self._postings: list[Posting] = []
        self._facts: list[Fact] = []
        self._answers: dict[str, Any] = {}
        self._waiting: list[Backorder] = []
        self._served: list[str] = []
        self._resumed: list[str] = []

    def add_whole(self, order: LockedOrder, round_: int, key: str, decision: SourcingDecision) -> Allocation:
        """As `add`, for an order that reserves nothing first because all of it is allocated at once."""
        order_id, units = order.needs.order_id, sum(decision.assigned.values())
        data = {"units": units, "locations": sorted(decision.assignments)}
        self._facts.append(Fact(order_id, "reservation.created", f"{key}:reserved", data))
        return self.add(order, round_, key, decision, splits=False)

    def add(self, order: LockedOrder, round_: int, key: str, decision: SourcingDecision, splits: bool) -> Allocation:
        """Add the decision for an order. `key` is that of its step, and `splits` means that it takes less than it
        needs. Raises NotAllowed if the order's status does not allow work.
        """
        needs, short, allocation = order.needs, sum(decision.short.values()), Allocation()
        if decision.assignments or not short:
            allocation = self._allocate(order, round_, key, decision)
        if short:
            allocation = replace(allocation, short_units=short)
            event = f"{key}:short" if decision.assignments else key
            self._waiting.append(Backorder.of(needs, decision, splits, event))
        elif order.waits:
            self._served.append(needs.order_id)
        self._answers[key] = vars(allocation) | {"work": [vars(one) for one in allocation.work]}
        return allocation

    def write(self, session: Session) -> None:
        """Write all allocations. The caller holds the locks of the orders and of the stock."""
        if not self._answers:
            return
        rows = {name: json.dumps(rows) for name, rows in self._rows.items()}
        rows |= {"facts": journal.fact_rows(self._facts), "answers": journal.answer_rows(self._answers)}
        ledger.post_with(session, _WRITE, self._postings, rows, locked=True)
        choosing.wait_for_stock(session, self._waiting, self._served)
        if self._resumed:
            update_due(session, *self._resumed)

    def _allocate(self, order: LockedOrder, round_: int, key: str, decision: SourcingDecision) -> Allocation:
        order_id = order.needs.order_id
        advance(ORDER, order.status, OrderStatus.IN_PROGRESS)
        if order.status != OrderStatus.IN_PROGRESS:
            self._rows["advanced"].append(order_id)
        kept = decision_row(order_id, round_, decision, self._context)
        if kept:
            self._rows["decisions"].append(kept)
        why = kept.get("reason", decision.reason)
        work = self._open(order, decision.assignments, why)
        self._move(order, decision.assignments)
        if order.opened:
            self._resumed.append(order_id)
        data = {"why": why, "considered": list(decision.considered), "work": [vars(one) for one in work]}
        self._facts.append(Fact(order_id, "sourcing.decided", key, data))
        return Allocation(work, merge_window=order.merge_window, why=why if work else "")

    def _open(self, order: LockedOrder, assignments: Mapping[str, Mapping[str, int]], why: str) -> list[Work]:
        order_id, work = order.needs.order_id, []
        waves = waves_for(self._context, assignments, order.instructions, order.tags)
        for number, (location, skus) in enumerate(assignments.items(), order.opened + 1):
            name = fulfillment_order_id(order_id, number)
            wave = waves[location].isoformat() if location in waves else ""
            pickup = location == order.needs.pickup_location
            work.append(Work(name, location, sum(skus.values()), wave, pickup))
            self._rows["work"].append(
                {
                    "fulfillment_order_id": name,
                    "order_id": order_id,
                    "number": number,
                    "location_id": location,
                    "reason": why,
                    "wave_at": wave or None,
                    "wave_after": wave or None,
                    "pickup": pickup,
                }
            )
            self._rows["lines"] += [
                {"fulfillment_order_id": name, "sku": sku, "quantity": units, "allocated": units}
                for sku, units in skus.items()
            ]
        return work

    def _move(self, order: LockedOrder, assignments: Mapping[str, Mapping[str, int]]) -> None:
        # Released and allocated in one movement of the counters: nobody can take the stock in between.
        order_id, kept = order.needs.order_id, order.needs.kept
        movements = [Movement("released", sku, location, units) for (sku, location), units in kept.items()]
        movements += [
            Movement("allocated", sku, location, units)
            for location, skus in assignments.items()
            for sku, units in skus.items()
        ]
        self._postings += [Posting(movement, order_id, "allocated") for movement in movements]
        if kept:
            self._rows["released"].append(order_id)
