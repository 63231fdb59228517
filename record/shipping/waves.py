"""Waves of locations: when new work is released, and releasing it earlier."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from domain.waves import next_wave, skips_waves
from record.sourcing.outlooks import SourcingContext

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
    context: SourcingContext, locations: Iterable[str], instructions: Mapping[str, Any], tags: Iterable[str]
) -> dict[str, datetime]:
    """Return when new work of an order is released, by location; locations that are absent release at once."""
    with_waves = [name for name in locations if name in context.waves]
    if not with_waves or skips_waves(instructions, tags):
        return {}
    now = datetime.now(UTC)
    calendars = {name: context.places[name].calendar for name in with_waves}
    found = {name: next_wave(of, context.waves[name], now) for name, of in calendars.items() if of}
    return {name: at for name, at in found.items() if at}


def release_wave(session: Session, location_id: str, actor: str, note: str = "") -> int:
    """Release what waits for a later wave now. Return the number of fulfillment orders."""
    return len(session.execute(_RELEASE, {"location_id": location_id, "actor": actor, "note": note}).all())
