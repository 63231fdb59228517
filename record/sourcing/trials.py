"""Trials: what other weights or policies would have decided on recorded inputs, compared with what was done."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from domain.sourcing.candidates import Assignments
from domain.sourcing.decision import Basis, balanced_cost, decide
from domain.sourcing.policies import Chain
from domain.sourcing.record import read_inputs
from domain.sourcing.terms import is_late
from domain.sourcing.weights import Weights
from models.order import OrderRow
from models.sourcing import SourcingDecisionRow

EXAMPLES = 5
AT_ONCE = 200
"""Decisions in memory at a time."""
MAX_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Past:
    """Selects recorded decisions: the newest `decisions`, of one channel or all, made from `since` until before
    `until`."""

    decisions: int
    channel: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Try:
    """Another way to decide. It decides by these weights, but its cost is measured by the weights in force."""

    name: str
    chain: Chain
    weights: Weights


@dataclass
class Totals:
    """Sums over decisions, in minor units by the weights in force; `load` is units by location."""

    decisions: int = 0
    cost: float = 0.0
    freight: int = 0
    parcels: int = 0
    late: int = 0
    hours: float = 0.0
    load: Counter[str] = field(default_factory=Counter)
    changed: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, basis: Basis, assignments: Assignments) -> None:
        used = [basis.found.candidates[name] for name in assignments]
        grams = basis.wanted.grams
        self.decisions += 1
        self.cost += balanced_cost(basis, assignments)
        self.parcels += len(used)
        self.late += any(is_late(one, basis.weights) for one in used)
        self.hours += max(one.hours for one in used)
        for one in used:
            units = assignments[one.location_id]
            self.freight += one.rate.cost(sum(number * grams.get(sku, 0) for sku, number in units.items()))
            self.load[one.location_id] += sum(units.values())

    def as_json(self) -> dict[str, Any]:
        count = max(1, self.decisions)
        return {
            "cost_minor": round(self.cost),
            "freight_minor": self.freight,
            "parcels": self.parcels,
            "late_share": round(self.late / count, 4),
            "mean_hours": round(self.hours / count, 2),
            "load": dict(sorted(self.load.items())),
            "changed": self.changed,
            "examples": self.examples,
        }


def try_sourcing(session: Session, past: Past, tries: Sequence[Try], house: Weights) -> dict[str, Any]:
    """Decide again on the inputs of each decision; nothing is written. `complete` is false if MAX_SECONDS ran out.

    Decisions for a specified location are skipped: no policy made them.
    """
    ends, complete = time.monotonic() + MAX_SECONDS, True
    done, tried = Totals(), {one.name: Totals() for one in tries}
    for row in _recorded(session, past):
        if time.monotonic() > ends:
            complete = False
            break
        wanted, found = read_inputs(row.inputs)
        basis = Basis(wanted, found, house)
        done.add(basis, row.assignments)
        for one in tries:
            again = decide(replace(basis, weights=one.weights), one.chain).assignments
            totals = tried[one.name]
            totals.add(basis, again)
            if _differs(again, row.assignments):
                totals.changed += 1
                totals.examples += [row.order_id] if len(totals.examples) < EXAMPLES else []
    return {
        "decisions": done.decisions,
        "complete": complete,
        "currency": house.currency,
        "done": done.as_json(),
        "tried": {name: totals.as_json() for name, totals in tried.items()},
    }


def _differs(one: Assignments, other: Assignments) -> bool:
    return {name: dict(units) for name, units in one.items()} != {name: dict(units) for name, units in other.items()}


def _recorded(session: Session, past: Past) -> Iterator[Any]:
    """Yield the newest first, AT_ONCE in memory at a time."""
    D = SourcingDecisionRow
    columns = (D.order_id, D.round, D.at, D.inputs, D.assignments)
    where: list[ColumnElement[bool]] = [D.policy != "specified"]
    if past.since is not None:
        where.append(D.at >= past.since)
    if past.until is not None:
        where.append(D.at < past.until)
    wanted = select(*columns).where(*where).order_by(D.at.desc(), D.order_id).limit(past.decisions)
    if past.channel is not None:
        wanted = wanted.join(OrderRow).where(OrderRow.channel == past.channel)
    yield from session.execute(wanted, execution_options={"yield_per": AT_ONCE})
