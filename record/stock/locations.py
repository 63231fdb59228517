"""Save and read locations."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from domain.calendars import Calendar
from models.stock import LocationRow
from record.stock.mistakes import Mistake

NEEDED = ("kind", "name", "country")


def save_location(session: Session, location_id: str, changes: Mapping[str, Any]) -> None:
    """Add a location, or change these columns of an existing one. Raises Mistake.

    A new one needs kind, name and country; latitude and longitude are set together.
    """
    row = session.get(LocationRow, location_id, with_for_update=True)
    for field in NEEDED:
        if row is None and field not in changes:
            raise Mistake(field, "a new location needs one")
    after = {name: changes.get(name, getattr(row, name, None)) for name in ("latitude", "longitude")}
    for name, value in after.items():
        if value is None and any(other is not None for other in after.values()):
            raise Mistake(name, "latitude and longitude are given together")
    if row is None:
        new = insert(LocationRow).values(location_id=location_id, **{"province": "", **changes})
        session.execute(new.on_conflict_do_update(index_elements=["location_id"], set_=dict(changes)))
        return
    for name, value in changes.items():
        setattr(row, name, value)
    session.flush()


def calendar_of(row: LocationRow) -> Calendar:
    """Return the location's working days, holidays and cut-off."""
    country = row.country if row.keeps_holidays else ""
    return Calendar(row.time_zone, row.cut_off, frozenset(row.working_days), country, frozenset(row.closed))
