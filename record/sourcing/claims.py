"""Claims of a group, gathered in memory and written in a few statements."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from domain.sourcing.decision import SourcingDecision
from domain.stock.movements import Movement
from models.stock import ReservationRow
from record import journal
from record.journal import Fact
from record.recordset import insert_recordset
from record.sourcing import choosing
from record.sourcing.choosing import Backorder
from record.sourcing.needs import Needs
from record.stock import ledger
from record.stock.ledger import Posting


@dataclass(frozen=True)
class Reservation:
    """Units claimed, their locations, and units short. While something is short nothing is claimed, unless the order
    may reserve less than everything.
    """

    units: int
    locations: list[str] = field(default_factory=list)
    short_units: int = 0


# Built once: building a statement costs more than sending it.
_CLAIM = insert_recordset(
    ReservationRow,
    "order_id, sku, location_id, quantity",
    conflict="order_id, sku, location_id",
    change="quantity = reservations.quantity + excluded.quantity",
)
_WRITE = ledger.posting(claims=_CLAIM, facts=journal.INSERT_FACTS, answers=journal.INSERT_ANSWERS)


class ClaimBatch:
    """Claims added one by one and written together, so that rows of hot goods are locked for a short time."""

    def __init__(self) -> None:
        self._postings: list[Posting] = []
        self._waiting: list[Backorder] = []
        self._served: list[str] = []
        self._facts: list[Fact] = []
        self._answers: dict[str, Reservation] = {}

    def add(self, needs: Needs, key: str, decision: SourcingDecision, splits: bool, waited: bool) -> Reservation:
        """Add the decision for an order. `key` is that of its step, `splits` means that it takes less than it needs,
        and `waited` that it may have backorders.
        """
        order_id = needs.order_id
        claimed = _units(decision.assignments)
        short = sum(decision.short.values())
        reservation = Reservation(sum(claimed.values()), sorted(decision.assignments), short)
        for (sku, location), units in claimed.items():
            self._postings.append(Posting(Movement("reserved", sku, location, units), order_id, "reserved"))
        if claimed or not short:
            data = {"units": reservation.units, "locations": reservation.locations}
            self._facts.append(Fact(order_id, "reservation.created", key, data))
        if short:
            self._waiting.append(Backorder.of(needs, decision, splits, f"{key}:short" if claimed else key))
        elif waited:
            self._served.append(order_id)
        self._answers[key] = reservation
        return reservation

    def release(self, movements: Iterable[Movement], reason: str) -> None:
        """Release, with the claims, stock that no order reserves. The caller has locked it."""
        self._postings += [Posting(movement, None, reason) for movement in movements]

    def write(self, session: Session) -> None:
        """Write all claims. The caller holds the locks of the orders and of the stock."""
        if not self._answers:
            return
        answers = {key: vars(answer) for key, answer in self._answers.items()}
        rows = {
            "claims": json.dumps(_reserved([one for one in self._postings if one.order_id])),
            "facts": journal.fact_rows(self._facts),
            "answers": journal.answer_rows(answers),
        }
        ledger.post_with(session, _WRITE, self._postings, rows, locked=True)
        choosing.wait_for_stock(session, self._waiting, self._served)


def _units(assignments: Mapping[str, Mapping[str, int]]) -> dict[tuple[str, str], int]:
    return {(sku, location): units for location, skus in assignments.items() for sku, units in skus.items()}


def _reserved(postings: Sequence[Posting]) -> list[dict[str, str | int | None]]:
    """Return one row per place of an order, even if the order is in the group twice."""
    sums: Counter[tuple[str | None, str, str]] = Counter()
    for posting in postings:
        movement = posting.movement
        sums[posting.order_id, movement.sku, movement.location_id] += movement.quantity
    return [
        {"order_id": order_id, "sku": sku, "location_id": location, "quantity": units}
        for (order_id, sku, location), units in sums.items()
    ]
