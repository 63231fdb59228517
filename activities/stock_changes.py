"""Stock that people or other systems change: moved to another place, or counted and found to be otherwise."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from activities import journal, ledger
from domain.stock import KeyUsedBefore, Movement, UnknownStock
from models.base import table
from models.database import Sessions
from models.order import StepResultRow
from models.stock import LocationRow, ProductRow

_RESULTS = table(StepResultRow)


@dataclass(frozen=True)
class Transfer:
    """So many units by SKU, each more than 0, go from one location to another. `key` is the sender's own."""

    key: str
    from_location: str
    to_location: str
    units: Mapping[str, int]
    reason: str
    actor: str


@dataclass(frozen=True)
class Adjustment:
    """On hand there are so many units by SKU more, or less where negative. `key` is the sender's own."""

    key: str
    location_id: str
    units: Mapping[str, int]
    reason: str
    actor: str


def transfer_stock(sessions: Sessions, transfer: Transfer) -> bool:
    """Move stock that is not promised to anybody, all of it or nothing; False when it was done before.

    Raises OutOfStock where less is free, UnknownStock, and KeyUsedBefore for another transfer with this key.
    """
    if transfer.from_location == transfer.to_location or min(transfer.units.values(), default=0) <= 0:
        raise ValueError("a transfer moves units to another location")
    ways = ((transfer.from_location, -1), (transfer.to_location, +1))
    movements = [
        Movement("transferred", sku, location, sign * units)
        for location, sign in ways
        for sku, units in transfer.units.items()
    ]
    return _change(sessions, f"transfer:{transfer.key}", transfer, movements)


def adjust_stock(sessions: Sessions, adjustment: Adjustment) -> bool:
    """Correct what is on hand, all of it or nothing; False when it was done before.

    Raises OutOfStock where what is promised would not be there, UnknownStock, and KeyUsedBefore for another adjustment
    with this key.
    """
    movements = [
        Movement("adjusted", sku, adjustment.location_id, units) for sku, units in adjustment.units.items() if units
    ]
    return _change(sessions, f"adjustment:{adjustment.key}", adjustment, movements)


def _change(sessions: Sessions, key: str, asked: Transfer | Adjustment, movements: Sequence[Movement]) -> bool:
    with sessions.begin() as session:
        if not _first(session, key, asdict(asked)):
            return False
        _must_know(session, movements)
        ledger.post(session, movements, None, asked.reason, asked.actor)
    return True


def _first(session: Session, key: str, asked: Mapping[str, Any]) -> bool:
    """Keep what is asked under its key. Who comes second at the same time waits here, and is told that it is."""
    keep = insert(_RESULTS).values(key=key, result=asked).on_conflict_do_nothing().returning(_RESULTS.c.key)
    if session.scalar(keep):
        return True
    if journal.repeat_of(session, key) != asked:
        raise KeyUsedBefore("key_used_before", key)
    return False


def _must_know(session: Session, movements: Sequence[Movement]) -> None:
    skus, locations = {movement.sku for movement in movements}, {movement.location_id for movement in movements}
    known = {*session.scalars(select(ProductRow.sku).where(ProductRow.sku.in_(skus)))}
    places = {*session.scalars(select(LocationRow.location_id).where(LocationRow.location_id.in_(locations)))}
    if unknown := sorted((skus - known) | (locations - places)):
        raise UnknownStock("unknown_stock", ", ".join(unknown[:5]))
