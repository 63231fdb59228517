"""What can be promised now: the stock of the asked goods, decided as that of an order is.

Places, policies, rates and lead times come from the process's outlook; the goods, with what the channel may see of
them, and their stock are read in one statement each.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from domain.bundles import explode, whole
from domain.promises import Policy, PromiseBasis, Promised, promise
from domain.promising import Line, LineStatus, Parcel, allot, dates, units_of
from domain.service_levels import STANDARD
from domain.sourcing.candidates import Candidate, Rate
from domain.sourcing.decision import Basis, SourcingDecision
from domain.sourcing.decision import decide as choose
from domain.sourcing.terms import is_late, likely_hours
from domain.stock.views import channel_view
from record.promises.goods import Goods
from record.promises.stores import NearbyPlace, near_stores
from record.sourcing.needs import needs_of_nobody
from record.sourcing.outlooks import SourcingContext
from record.sourcing.shelves import Shelves

SPLIT, LATE, INCOMPLETE, NO_CARRIER, NO_PRICE = "split", "late", "incomplete", "no_carrier", "no_price"
MAX_LINES_IN_REASON = 5


@dataclass(frozen=True, slots=True)
class Asked:
    """`at` is when the order would be placed, None for now; `stores` how many stores nearby are wanted. `city` and
    `postal_code` tell distances, and are not kept."""

    channel: str
    lines: tuple[Line, ...]
    country: str
    province: str
    pickup_location: str = ""
    level: str = STANDARD
    at: datetime | None = None
    stores: int = 0
    city: str = ""
    postal_code: str = ""


@dataclass(frozen=True, slots=True)
class LineOffer:
    sku: str
    quantity: int
    available: int
    code: LineStatus


@dataclass(frozen=True, slots=True)
class Offer:
    """What can be promised. `freight_minor` is None where a carrier has no price. `free` are the units that anybody may
    claim, by stocked SKU, and `excluded` says why locations are no candidates: not for the eyes of a channel."""

    at: datetime
    lines: tuple[LineOffer, ...]
    parcels: tuple[Parcel, ...]
    promised: Promised
    freight_minor: int | None
    currency: str
    stores: tuple[NearbyPlace, ...]
    policy: str
    reason: str
    codes: tuple[str, ...]
    free: Mapping[str, int]
    excluded: Mapping[str, str] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        return all(line.available == line.quantity for line in self.lines)

    @property
    def assignments(self) -> dict[str, dict[str, int]]:
        return {one.location_id: dict(one.units) for one in self.parcels}


def offer(asked: Asked, goods: Goods, stock: Shelves, spot: Sequence[Any] | None) -> Offer:
    """Decide on this stock; `spot` is where the receiver is (record/sourcing/spots.py). The exact solver, which an
    order may wait for, is left out."""
    context = _context_at(stock.context, asked.at)
    stock.context = context
    sold = [line for line in asked.lines if line[0] in goods.sold]
    to = asked.channel, asked.country, asked.province, asked.pickup_location
    needs = needs_of_nobody(*to, goods.in_store, spot)
    free = {sku: stock.in_network(needs, sku) for sku in goods.stocked}
    shown = {sku: channel_view(units, goods.share(sku), goods.quotas.get(sku)) for sku, units in free.items()}
    everything = explode(units_of(sold), goods.bundles)
    basis = stock.basis(needs, everything)
    allotted = iter(_allotted(sold, goods, _there(basis, shown)))
    lines = tuple([_line(line, next(allotted) if line[0] in goods.sold else None) for line in asked.lines])
    demand = explode(units_of((line.sku, line.available) for line in lines if line.available), goods.bundles)
    if demand != everything:
        basis = stock.basis(needs, demand)
    decision = choose(basis, context.chain(asked.channel, ""))
    parcels = tuple([_parcel(basis, context, *one, asked.pickup_location) for one in decision.assignments.items()])
    stores = near_stores(needs, sold, goods, stock, shown)[: asked.stores] if asked.stores else ()
    return Offer(
        context.outlook.at,
        lines,
        parcels,
        _dates(asked, context, parcels),
        _freight(basis, decision, asked),
        basis.weights.currency,
        stores,
        decision.policy,
        "; ".join([*_missing(lines), decision.reason]),
        tuple(_codes(lines, basis, decision, asked)),
        free,
        dict(basis.found.excluded),
    )


def _context_at(context: SourcingContext, at: datetime | None) -> SourcingContext:
    """Return the context without the exact solver and, for another moment, with journeys from then."""
    outlook = context.outlook
    if at is not None:
        used = outlook.used if at.date() == outlook.at.date() else {}
        outlook = replace(outlook, at=at, used=used, _journeys={})
    return replace(context, outlook=outlook, exact=None)


def _there(basis: Basis, shown: Mapping[str, int]) -> dict[str, int]:
    """Return the units that may be sent, by stocked SKU, and at most what the channel is shown."""
    candidates = basis.found.candidates.values()
    return {sku: min(units, sum(one.available.get(sku, 0) for one in candidates)) for sku, units in shown.items()}


def _allotted(lines: Sequence[Line], goods: Goods, there: Mapping[str, int]) -> list[int]:
    """Return the units of each line. A bundle has a share of its own, beside those of its parts."""
    left = {sku: channel_view(whole(parts, there), goods.share(sku)) for sku, parts in goods.bundles.items()}
    limited = list[Line]()
    for sku, quantity in lines:
        most = min(quantity, left.get(sku, quantity))
        limited.append((sku, most))
        if sku in left:
            left[sku] -= most
    return allot(limited, goods.bundles, there)


def _line(line: Line, available: int | None) -> LineOffer:
    if available is None:
        return LineOffer(*line, 0, LineStatus.NOT_SOLD_HERE)
    return LineOffer(*line, available, LineStatus.IN_STOCK if available == line[1] else LineStatus.SHORT)


def _missing(lines: Sequence[LineOffer]) -> list[str]:
    """Return what is short, for people; the first few lines of it."""
    short = [line for line in lines if line.available < line.quantity]
    told = [f"{line.sku}: {line.available} of {line.quantity}" for line in short[:MAX_LINES_IN_REASON]]
    return told + ([f"and {len(short) - len(told)} more lines"] if len(short) > len(told) else [])


def _parcel(basis: Basis, context: SourcingContext, location_id: str, units: Mapping[str, int], pickup: str) -> Parcel:
    one, outlook = basis.found.candidates[location_id], context.outlook
    leaves = outlook.leaves(context.places[location_id])
    arrives = latest = None
    if _goes(one) and not pickup:
        arrives = outlook.at + timedelta(hours=one.hours)
        latest = outlook.at + timedelta(hours=likely_hours(one, basis.weights))
    cost = 0 if pickup else _cost(basis, one, units)
    carrier = "" if pickup else one.carrier
    return Parcel(location_id, units, carrier, cost, one.kilometers, leaves, arrives, latest)


def _cost(basis: Basis, one: Candidate, units: Mapping[str, int]) -> int:
    return one.rate.cost(sum(number * basis.wanted.grams.get(sku, 0) for sku, number in units.items()))


def _goes(one: Candidate) -> bool:
    """True if a journey from there is known."""
    return one.hours > 0


def _freight(basis: Basis, decision: SourcingDecision, asked: Asked) -> int | None:
    if asked.pickup_location:
        return 0
    found = basis.found.candidates
    if any(found[name].rate == Rate() for name in decision.assignments):
        return None
    return sum(_cost(basis, found[name], units) for name, units in decision.assignments.items())


def _dates(asked: Asked, context: SourcingContext, parcels: Sequence[Parcel]) -> Promised:
    known = context.parameters
    policy = Policy(known.ship_hours, known.ship_calendars, known.delivery_days, known.deadline_margin)
    basis = PromiseBasis(context.outlook.at, asked.channel, asked.level, asked.country, asked.province)
    return dates(promise(basis, Promised(), policy), parcels)


def _codes(lines: Sequence[LineOffer], basis: Basis, decision: SourcingDecision, asked: Asked) -> list[str]:
    used = [basis.found.candidates[name] for name in decision.assignments]
    sent = used if not asked.pickup_location else []
    true = {
        INCOMPLETE: any(line.available < line.quantity for line in lines),
        SPLIT: len(used) > 1,
        NO_CARRIER: not all(_goes(one) for one in sent),
        NO_PRICE: any(one.rate == Rate() for one in sent),
        LATE: any(is_late(one, basis.weights) for one in sent),
    }
    return [code for code, holds in true.items() if holds]
