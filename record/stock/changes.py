"""Stock changes by people: adjustments at a location and transfers between two. Each id is booked once."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from domain.stock.movements import Movement, OutOfStock
from models.base import table
from models.order import StepResultRow
from record import journal
from record.stock import ledger
from record.stock.checks import check_goods, check_location
from record.stock.mistakes import IdUsedBefore, Mistake

_RESULTS = table(StepResultRow)


@dataclass(frozen=True, slots=True)
class Adjustment:
    """`units` by SKU to add to on hand, negative to subtract; never 0."""

    adjustment_id: str
    location_id: str
    units: Mapping[str, int]
    reason: str
    actor: str


@dataclass(frozen=True, slots=True)
class Transfer:
    """`units` by SKU, each above 0, go from one location to another."""

    transfer_id: str
    from_location: str
    to_location: str
    units: Mapping[str, int]
    reason: str
    actor: str


def book_adjustment(session: Session, adjustment: Adjustment) -> bool:
    """Correct what is on hand, all of it or nothing; False when it was done before.

    Raises Mistake for unknown goods or places and where promised units would be missing, and IdUsedBefore.
    """
    if not _is_first(session, f"adjustment:{adjustment.adjustment_id}", adjustment):
        return False
    check_location(session, "location_id", adjustment.location_id)
    moved = [Movement("adjusted", sku, adjustment.location_id, units) for sku, units in adjustment.units.items()]
    _post(session, adjustment, moved, f"adjustment {adjustment.adjustment_id}: {adjustment.reason}")
    return True


def book_transfer(session: Session, transfer: Transfer) -> bool:
    """Move stock that is promised to nobody, all of it or nothing; False when it was done before.

    Raises Mistake for unknown goods or places and where too few are free, and IdUsedBefore.
    """
    if not _is_first(session, f"transfer:{transfer.transfer_id}", transfer):
        return False
    check_location(session, "from_location", transfer.from_location)
    check_location(session, "to_location", transfer.to_location)
    if transfer.from_location == transfer.to_location:
        raise Mistake("to_location", "the goods are there already")
    moved = [
        Movement("transferred", sku, location, sign * units)
        for location, sign in ((transfer.from_location, -1), (transfer.to_location, +1))
        for sku, units in transfer.units.items()
    ]
    _post(session, transfer, moved, f"transfer {transfer.transfer_id}: {transfer.reason}")
    return True


def _is_first(session: Session, key: str, change: Adjustment | Transfer) -> bool:
    """Store the change under its key; False for a repeat. A concurrent repeat waits here for the first."""
    asked = {name: value for name, value in asdict(change).items() if name != "actor"}
    keep = insert(_RESULTS).values(key=key, result=asked).on_conflict_do_nothing().returning(_RESULTS.c.key)
    if session.scalar(keep):
        return True
    if journal.earlier_answer(session, key) != asked:
        raise IdUsedBefore
    return False


def _post(session: Session, change: Adjustment | Transfer, moved: Sequence[Movement], reason: str) -> None:
    check_goods(session, change.units)
    try:
        ledger.post(session, moved, None, reason, change.actor)
    except OutOfStock as short:
        raise Mistake("lines", f"fewer are free of promises to orders and of quarantine: {short}") from None
