"""Lead times as rows: learned from delivered shipments and read by version."""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, insert, select, text
from sqlalchemy.orm import Session

from domain.freight import region
from domain.sourcing.lead_times import Delivered, LeadTimes, Transit, learn
from models.sourcing import LeadTimeModelRow, LeadTimeRow

LEARNED_FROM = timedelta(days=180)
VERSIONS_KEPT = 30
LONGEST_HOURS = 60 * 24
"""A parcel that takes longer was lost and found: it does not count."""

_DELIVERED = text("""
    SELECT work.location_id, orders.country,
           coalesce(orders.repaired_region->>'province', orders.province) AS province, shipments.carrier,
           extract(isodow FROM work.shipped_at AT TIME ZONE 'UTC')::int AS weekday,
           count(*) AS shipments, sum(taken.hours)::float AS hours, sum(taken.hours * taken.hours)::float AS squares
    FROM fulfillment_orders AS work
    JOIN shipments USING (shipment_id)
    JOIN orders USING (order_id)
    CROSS JOIN LATERAL (SELECT extract(epoch FROM work.delivered_at - work.shipped_at) / 3600 AS hours) AS taken
    WHERE work.status = 'delivered' AND work.delivered_at >= :since AND taken.hours BETWEEN 0 AND :longest
    GROUP BY 1, 2, 3, 4, 5
""")


def refresh_lead_times(session: Session, since: datetime) -> LeadTimeModelRow:
    """Learn a new version from shipments delivered since then, and delete the oldest versions."""
    values = {"since": since, "longest": LONGEST_HOURS}
    delivered = [
        Delivered(
            *(row.location_id, region(row.country, row.province), row.carrier, row.weekday),
            *(row.shipments, row.hours, row.squares),
        )
        for row in session.execute(_DELIVERED, values)
    ]
    model = LeadTimeModelRow(since=since, shipments=sum(one.shipments for one in delivered))
    session.add(model)
    session.flush()
    rows = [
        dict(zip(("location_id", "region", "carrier", "weekday"), cell, strict=True))
        | {"version": model.version, "shipments": seen.shipments, "hours": seen.hours, "spread": seen.spread}
        for cell, seen in learn(delivered).items()
    ]
    if rows:
        session.execute(insert(LeadTimeRow), rows)
    session.execute(delete(LeadTimeModelRow).where(LeadTimeModelRow.version <= model.version - VERSIONS_KEPT))
    return model


def latest_model(session: Session) -> LeadTimeModelRow | None:
    """Return the newest version, or None while nothing was learned."""
    return session.scalar(select(LeadTimeModelRow).order_by(LeadTimeModelRow.version.desc()).limit(1))


def current_version(session: Session) -> int:
    """Return the number of the newest version; 0 while nothing was learned."""
    return session.scalar(select(func.max(LeadTimeModelRow.version))) or 0


def load_lead_times(session: Session) -> LeadTimes:
    """Return the newest version with its cells."""
    version = current_version(session)
    rows = session.execute(select(LeadTimeRow).where(LeadTimeRow.version == version)).scalars()
    cells = {
        (row.location_id, row.region, row.carrier, row.weekday): Transit(row.hours, row.spread, row.shipments)
        for row in rows
    }
    return LeadTimes(version, cells)
