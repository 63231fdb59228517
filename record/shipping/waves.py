"""Waves of locations: when new work is released, and releasing it earlier."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ARRAY, Text, any_, bindparam, select, text
from sqlalchemy.orm import Session

from domain.waves import next_wave, skips_waves
from models.base import table
from models.stock import LocationRow
from record.stock.locations import calendar_of

# Built once: building a statement costs more than sending it. Most locations have no waves and are not read.
_PLACES = table(LocationRow)
_WITH_WAVES = (
    select(LocationRow)
    .where(_PLACES.c.location_id == any_(bindparam("locations", type_=ARRAY(Text))))
    .where(_PLACES.c.waves != [])
)
_RELEASE = text(r"""
    WITH released AS (
        UPDATE fulfillment_orders SET wave_at = now(), wave_after = now() WHERE fulfillment_order_id = ANY(ARRAY(
            SELECT fulfillment_order_id FROM fulfillment_orders
            WHERE location_id = :location_id AND status = 'open' AND wave_told_at IS NULL AND wave_at > now()
            ORDER BY fulfillment_order_id FOR NO KEY UPDATE))
        RETURNING fulfillment_order_id, order_id)
    INSERT INTO order_events (order_id, type, key, actor, data)
    SELECT order_id, 'fulfillment_order.wave_released', fulfillment_order_id || '\:wave', :actor,
           jsonb_build_object('fulfillment_order_id', fulfillment_order_id, 'note', CAST(:note AS text))
    FROM released ON CONFLICT DO NOTHING
    RETURNING event_id
""")


def waves_for(
    session: Session, locations: Iterable[str], instructions: Mapping[str, Any], tags: Iterable[str]
) -> dict[str, datetime]:
    """Return when new work of an order is released, by location; locations that are absent release at once."""
    if skips_waves(instructions, tags):
        return {}
    now = datetime.now(UTC)
    rows = session.scalars(_WITH_WAVES, {"locations": list(locations)})
    found = {row.location_id: next_wave(calendar_of(row), row.waves, now) for row in rows}
    return {location: at for location, at in found.items() if at}


def release_wave(session: Session, location_id: str, actor: str, note: str = "") -> int:
    """Release what waits for a later wave now. Return the number of fulfillment orders."""
    return len(session.execute(_RELEASE, {"location_id": location_id, "actor": actor, "note": note}).all())
