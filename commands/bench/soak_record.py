"""What the record says of a soak: how long its orders took, and how much the tables grew."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

PARTS = 4
"""Into how many parts of the same length a soak is divided to see whether anything drifts."""

NOW = text("SELECT clock_timestamp()")
COUNTS = text("""
    SELECT count(*) AS placed, count(*) FILTER (WHERE o.status = 'completed' AND NOT EXISTS (
        SELECT 1 FROM messages m WHERE m.order_id = o.order_id AND m.sent_at IS NULL)) AS told
    FROM orders o WHERE o.received_at >= :since
""")
TOLD = """
    SELECT least(width_bucket(extract(epoch FROM o.received_at), extract(epoch FROM CAST(:since AS timestamptz)),
            extract(epoch FROM CAST(:until AS timestamptz)), :parts), :parts) AS part,
        extract(epoch FROM max(m.sent_at) - o.received_at) AS seconds
    FROM orders o JOIN messages m ON m.order_id = o.order_id WHERE o.received_at >= :since GROUP BY o.order_id
"""
PERCENTILES = """
    percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) AS p50_s,
    percentile_cont(0.99) WITHIN GROUP (ORDER BY seconds) AS p99_s
"""
ACCEPTED_TO_TOLD = text(f"SELECT {PERCENTILES} FROM ({TOLD}) AS told")
BY_PART = text(f"SELECT part, {PERCENTILES} FROM ({TOLD}) AS told GROUP BY part ORDER BY part")
MILESTONE_TO_TOLD = text(f"""
    SELECT {PERCENTILES} FROM (SELECT extract(epoch FROM m.sent_at - m.created_at) AS seconds
        FROM messages m JOIN orders o ON o.order_id = m.order_id WHERE o.received_at >= :since) AS told
""")
SIZES = text("""
    SELECT relname, pg_total_relation_size(oid) AS size FROM pg_class
    WHERE relkind = 'r' AND relnamespace = CAST('public' AS regnamespace)
""")


@dataclass(frozen=True)
class Waits:
    """Half of the waits, and 99 of 100, took no longer."""

    p50_s: float
    p99_s: float


@dataclass(frozen=True)
class Times:
    """`accepted_to_told` counts from the answer to the channel until every recipient knows of the delivery, partners'
    own time included; `milestone_to_told` from each milestone until its recipients know."""

    accepted_to_told: Waits
    accepted_to_told_by_part: list[Waits]
    milestone_to_told: Waits


def now(session: Session) -> datetime:
    """The time by PostgreSQL's clock."""
    moment: datetime = session.execute(NOW).scalar_one()
    return moment


def placed_and_told(session: Session, since: datetime) -> tuple[int, int]:
    """How many orders came since, and how many of them are complete and told to everybody."""
    placed, told = session.execute(COUNTS, {"since": since}).one()
    return placed, told


def times(session: Session, since: datetime, until: datetime) -> Times:
    """The times of the orders that came since; `until` is when the last of them came."""
    period = {"since": since, "until": until, "parts": PARTS}
    return Times(
        _waits(session.execute(ACCEPTED_TO_TOLD, period).one()),
        [_waits(row) for row in session.execute(BY_PART, period)],
        _waits(session.execute(MILESTONE_TO_TOLD, {"since": since}).one()),
    )


def table_sizes(session: Session) -> dict[str, int]:
    """Bytes of each table with its indexes."""
    return {row.relname: row.size for row in session.execute(SIZES)}


def _waits(row: Any) -> Waits:
    return Waits(round(float(row.p50_s), 3), round(float(row.p99_s), 3))
