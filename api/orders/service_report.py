"""The service report: on-time shipping, on-time delivery and preparation time, computed by PostgreSQL."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from sqlalchemy import text

from api.dependencies import Reader, WithServices
from api.errors import FORBIDDEN, Problem, invalid
from api.inputs import Filter
from api.openapi import responses
from api.orders import examples
from api.schemas import Answer, Day
from api.stock.goods_schemas import ZONE
from domain.calendars import known_zone

router = APIRouter(tags=["reports"])

MAX_DAYS = 92
Part = Literal["day", "channel", "location"]

# A fulfillment order counts three times, each on its own day: when shipping was due, when delivery was due, and when it
# was packed. What is neither due nor done yet does not count, nor does rejected or canceled work.
FACTS = """
    WITH chosen AS (
        SELECT order_id FROM orders WHERE promised_ship_by >= :first AND promised_ship_by < :last
        UNION SELECT order_id FROM orders WHERE promised_deliver_by >= :first AND promised_deliver_by < :last
        UNION SELECT order_id FROM fulfillment_orders WHERE packed_at >= :first AND packed_at < :last
    ), work AS (
        SELECT o.channel, f.location_id AS location, o.promised_ship_by, o.promised_deliver_by, o.accepted_at,
            f.packed_at, f.shipped_at, f.delivered_at
        FROM chosen JOIN orders o USING (order_id) JOIN fulfillment_orders f USING (order_id)
        WHERE f.status NOT IN ('rejected', 'canceled')
          AND (CAST(:channel AS text) IS NULL OR o.channel = :channel)
          AND (CAST(:location AS text) IS NULL OR f.location_id = :location)
    ), facts AS (
        SELECT promised_ship_by AS at, channel, location, shipped_at <= promised_ship_by AS shipped_in_time,
            CAST(NULL AS boolean) AS delivered_in_time, CAST(NULL AS float) AS prepared
        FROM work WHERE shipped_at IS NOT NULL
        UNION ALL SELECT promised_ship_by, channel, location, false, NULL, NULL
        FROM work WHERE shipped_at IS NULL AND promised_ship_by < now()
        UNION ALL SELECT promised_deliver_by, channel, location, NULL, delivered_at <= promised_deliver_by, NULL
        FROM work WHERE delivered_at IS NOT NULL
        UNION ALL SELECT promised_deliver_by, channel, location, NULL, false, NULL
        FROM work WHERE delivered_at IS NULL AND promised_deliver_by < now()
        UNION ALL SELECT packed_at, channel, location, NULL, NULL, extract(epoch FROM packed_at - accepted_at)
        FROM work WHERE packed_at IS NOT NULL
    )
"""
COUNTS = """
    count(shipped_in_time) AS due_to_ship, count(*) FILTER (WHERE shipped_in_time) AS shipped_in_time,
    count(delivered_in_time) AS due_to_deliver, count(*) FILTER (WHERE delivered_in_time) AS delivered_in_time,
    count(prepared) AS prepared,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY prepared) AS preparation_p50_seconds,
    percentile_cont(0.9) WITHIN GROUP (ORDER BY prepared) AS preparation_p90_seconds
"""
PARTS = {"day": "CAST(at AT TIME ZONE :zone AS date) AS day", "channel": "channel", "location": "location"}


class ServiceFigures(Answer):
    """Shares are of what was due, from 0 to 1, null where nothing was due; preparation is from accepted to packed.

    `day`, `channel` and `location` are set if the report is grouped by them.
    """

    day: date | None = None
    channel: str | None = None
    location: str | None = None
    due_to_ship: int
    shipped_in_time: int
    on_time_shipping: float | None
    due_to_deliver: int
    delivered_in_time: int
    on_time_delivery: float | None
    prepared: int
    preparation_p50_seconds: float | None
    preparation_p90_seconds: float | None


class ServiceReport(Answer):
    first: date
    last: date
    zone: str
    rows: list[ServiceFigures]


@router.get(
    "/reports/service",
    summary="On-time shipping, on-time delivery and preparation time",
    responses=responses({200: ("One row a group", examples.SERVICE)}, FORBIDDEN),
)
def report_service(
    caller: Reader,
    services: WithServices,
    first: Annotated[Day, Query(description="The first day, by `zone`")],
    last: Annotated[Day, Query(description="The last day, included")],
    by: Annotated[list[Part] | None, Query(description="Group by these; without any there is one row")] = None,
    channel: Filter = None,
    location: Filter = None,
    zone: Annotated[str, Query(max_length=64, pattern=ZONE)] = "Asia/Shanghai",
) -> ServiceReport:
    """A fulfillment order counts on the day on which its order was due to ship or to be delivered, or was packed."""
    if channel is not None and not caller.sees(channel):
        raise Problem(FORBIDDEN, f"this key reads orders of the channel {caller.channel}")
    if not known_zone(zone):
        raise invalid("zone", "is no time zone of the IANA database")
    if not first <= last < first + timedelta(days=MAX_DAYS):
        raise invalid("last", f"is before the first day, or more than {MAX_DAYS} days from it")
    parts = list(dict.fromkeys(by or []))
    span = {"first": _begins(first, zone), "last": _begins(last + timedelta(days=1), zone)}
    narrowed = {"channel": caller.channel or channel, "location": location, "zone": zone}
    with services.sessions() as session:
        found = session.execute(text(_statement(parts)), {**span, **narrowed}).mappings().all()
    return ServiceReport(first=first, last=last, zone=zone, rows=[_figures(dict(row)) for row in found])


def _statement(parts: list[Part]) -> str:
    """Build the statement. The names of the parts are ours, so that nothing of the request stands in it."""
    shown = "".join(f"{PARTS[part]}, " for part in parts)
    groups = f" GROUP BY {', '.join(parts)} ORDER BY {', '.join(parts)}" if parts else ""
    return f"{FACTS} SELECT {shown}{COUNTS} FROM facts WHERE at >= :first AND at < :last{groups}"


def _begins(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone))


def _figures(row: Mapping[str, Any]) -> ServiceFigures:
    shares = {
        "on_time_shipping": _share(row["shipped_in_time"], row["due_to_ship"]),
        "on_time_delivery": _share(row["delivered_in_time"], row["due_to_deliver"]),
    }
    return ServiceFigures.model_validate({**row, **shares})


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
