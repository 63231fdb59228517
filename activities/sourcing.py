"""Choosing who sends an order from what it needs and what is there, and waiting for what nobody has."""

import json
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy.orm import Session

from activities import gifts, journal
from activities.journal import Fact
from activities.needs import Needs
from activities.shelves import Shelves
from domain import sourcing
from domain.sourcing import SourcingDecision
from intake.recordset import insert_recordset
from models.stock import BackorderRow

_WAIT = insert_recordset(
    BackorderRow, "order_id, sku, quantity", conflict="order_id, sku", change="quantity = excluded.quantity"
)


class Short(NamedTuple):
    """An order that waits for what its decision says is short; `key` names the event in its log."""

    order_id: str
    decision: SourcingDecision
    key: str


def decide(session: Session, needs: Needs, shelves: Shelves, part: bool = False) -> SourcingDecision:
    """Source what is needed; with `part` what there is of it, else all or nothing. Gifts of ours that nobody has are
    dropped from the order, so that they hold up nothing.
    """
    decision = _choose(session, needs, shelves, part)
    if needs.gifts & decision.short.keys() and (dropped := gifts.drop(session, needs.order_id, decision.short)):
        decision = _choose(session, needs.without(dropped), shelves, part)
    return decision


def wait_for_stock(session: Session, waiting: Sequence[Short]) -> None:
    """Put orders on the list of those that an arrival wakes, and say so in their logs."""
    if not waiting:
        return
    # An order that is in the group twice waits for what it lacked at last.
    wanted = {(short.order_id, sku): units for short in waiting for sku, units in sorted(short.decision.short.items())}
    rows = [{"order_id": order_id, "sku": sku, "quantity": units} for (order_id, sku), units in wanted.items()]
    session.execute(_WAIT, {"rows": json.dumps(rows)})
    facts = [
        Fact(order_id, "sourcing.failed", key, {"short": dict(decision.short), "why": decision.reason})
        for order_id, decision, key in waiting
    ]
    journal.all_happened(session, facts)


def _choose(session: Session, needs: Needs, shelves: Shelves, part: bool) -> SourcingDecision:
    """From the location that is specified, if it has everything, else the normal way."""
    candidates = shelves.candidates(needs)
    if needs.specified and needs.demand:
        if specified := sourcing.source_from(needs.specified, needs.demand, candidates):
            return specified
        data = {"location_id": needs.specified}
        key = f"passed_over:{needs.specified}"
        journal.happened(session, needs.order_id, "sourcing.location_passed_over", key, data)
    source = sourcing.source_part if part else sourcing.source
    return source(needs.demand, candidates)
