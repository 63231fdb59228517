"""Return rates by SKU, reason or channel."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from sqlalchemy import text

from api.dependencies import Reader, WithServices
from api.errors import FORBIDDEN, invalid
from api.inputs import Limit
from api.openapi import responses
from api.returns import examples
from api.schemas import Answer, Page, Time

router = APIRouter(tags=["reports"])

By = Literal["sku", "reason", "channel"]
MAX_DAYS = 400

# Units of orders placed in the span, and of these the ones returned in cases that were not rejected or given up.
RATE = """
    SELECT {key} AS key, sum(l.quantity) AS ordered, coalesce(sum(back.units), 0) AS returned
    FROM orders o JOIN order_lines l USING (order_id)
    CROSS JOIN LATERAL (
        SELECT sum(rl.quantity) AS units FROM returns r JOIN return_lines rl USING (return_id)
        WHERE r.order_id = o.order_id AND rl.line_no = l.line_no AND r.status NOT IN ('rejected', 'canceled', 'expired')
    ) AS back
    WHERE o.placed_at >= :since AND o.placed_at < :until AND (CAST(:channel AS text) IS NULL OR o.channel = :channel)
        AND o.status NOT IN ('canceled', 'rejected', 'expired') AND o.follow_up_of = ''
    GROUP BY 1 ORDER BY returned DESC, key LIMIT :limit
"""
# A reason has no orders of its own: its rate is of all units ordered.
REASONS = """
    SELECT coalesce(nullif(r.reason_code, ''), 'none') AS key, sum(rl.quantity) AS returned, (
        SELECT coalesce(sum(units), 0) FROM orders o
        WHERE o.placed_at >= :since AND o.placed_at < :until
            AND (CAST(:channel AS text) IS NULL OR o.channel = :channel)
            AND o.status NOT IN ('canceled', 'rejected', 'expired') AND o.follow_up_of = '') AS ordered
    FROM returns r JOIN return_lines rl USING (return_id) JOIN orders o USING (order_id)
    WHERE o.placed_at >= :since AND o.placed_at < :until AND (CAST(:channel AS text) IS NULL OR o.channel = :channel)
        AND r.status NOT IN ('rejected', 'canceled', 'expired') AND o.follow_up_of = ''
    GROUP BY 1 ORDER BY returned DESC, key LIMIT :limit
"""
QUERIES = {
    "sku": text(RATE.format(key="l.sku")),
    "channel": text(RATE.format(key="o.channel")),
    "reason": text(REASONS),
}


class ReturnRate(Answer):
    """`rate` is the share of ordered units that were or are being returned, from 0 to 1."""

    key: str
    ordered: int
    returned: int
    rate: float


@router.get(
    "/reports/returns",
    summary="Return rate by SKU, reason or channel",
    responses=responses({200: ("The most returned first", examples.RATES)}, FORBIDDEN),
)
def report_returns(
    caller: Reader,
    services: WithServices,
    by: By = "sku",
    since: Annotated[Time | None, Query(description="Orders placed from then; 30 days ago")] = None,
    until: Annotated[Time | None, Query(description="Orders placed before then; now")] = None,
    limit: Limit = 50,
) -> Page[ReturnRate]:
    """For orders placed within a span of up to 400 days. Exchanges and reships count once, in the first order."""
    until = until or datetime.now(UTC)
    since = since or until - timedelta(days=30)
    if not timedelta(0) < until - since <= timedelta(days=MAX_DAYS):
        raise invalid("since", f"it must be before until, and by no more than {MAX_DAYS} days")
    span = {"since": since, "until": until, "channel": caller.channel, "limit": limit}
    with services.sessions() as session:
        rows = session.execute(QUERIES[by], span).all()
    rates = [
        ReturnRate(
            key=row.key,
            ordered=row.ordered,
            returned=row.returned,
            rate=round(row.returned / row.ordered, 4) if row.ordered else 0.0,
        )
        for row in rows
    ]
    return Page(items=rates, next_cursor=None)
