"""The queue of each subscriber: fill it from the log, and read what is due."""

from datetime import timedelta
from typing import Any

from sqlalchemy import Row, select, text
from sqlalchemy.orm import Session

from domain.ids import event_message_id
from domain.public_events import PREFIX, matching_types
from models.prepared import prepared
from models.subscription import SubscriptionRow

FULL = 5_000
"""The most deliveries that wait for one subscriber; further facts stay in the log until there is room."""
AT_ONCE = 1_000

# A subscription that was set aside is skipped until a person retries it.
BEHIND = text("""
    SELECT subscription_id FROM subscriptions WHERE active AND position < :horizon AND NOT EXISTS (
        SELECT FROM set_asides WHERE kind = 'subscription' AND subject = subscription_id AND aside_at IS NOT NULL)
    ORDER BY 1
""")
ANYBODY = prepared("SELECT EXISTS (SELECT FROM subscriptions WHERE active)")
WAITING = text("""
    SELECT count(*) FROM (
        SELECT FROM deliveries WHERE subscription_id = :subscription_id AND state = 'waiting' LIMIT :full) AS waiting
""")
LAST = text("""
    SELECT event_id FROM order_events WHERE event_id > :position AND event_id <= :horizon
    ORDER BY event_id OFFSET :many LIMIT 1
""")
# A delivery that exists is sent again: somebody asked for a replay.
QUEUE = text(f"""
    INSERT INTO deliveries (subscription_id, message_id, event_id, order_id, type)
    SELECT :subscription_id, '{event_message_id(0)[:-1]}' || event_id, event_id, order_id, '{PREFIX}' || type
    FROM order_events JOIN orders USING (order_id)
    WHERE event_id > :position AND event_id <= :up_to AND type = ANY(:types)
      AND (CAST(:channel AS text) IS NULL OR channel = :channel)
    ORDER BY event_id
    ON CONFLICT (subscription_id, message_id) DO UPDATE
        SET state = 'waiting', tries = 0, queued_at = now(), due_at = now(), settled_at = NULL
        WHERE deliveries.state <> 'waiting'
""")
# Deliveries of one order are sent in sequence.
_IS_DUE = """
    d.state = 'waiting' AND d.due_at <= now() AND NOT EXISTS (
        SELECT FROM deliveries earlier
        WHERE earlier.subscription_id = d.subscription_id AND earlier.order_id = d.order_id
          AND earlier.state = 'waiting' AND earlier.event_id < d.event_id AND earlier.due_at > now())
"""
DUE = text(f"""
    SELECT d.delivery_id, d.message_id, d.event_id, d.order_id, d.type, d.tries, d.queued_at
    FROM deliveries d WHERE d.subscription_id = :subscription_id AND {_IS_DUE}
    ORDER BY d.event_id NULLS FIRST, d.delivery_id LIMIT :limit
""")
TO_BE_TOLD = text(f"""
    SELECT subscription_id, channel FROM subscriptions AS s
    WHERE active AND (not_before IS NULL OR not_before <= now())
      AND EXISTS (SELECT FROM deliveries d WHERE d.subscription_id = s.subscription_id AND {_IS_DUE})
    ORDER BY subscription_id
""")
FORGET = text("""
    DELETE FROM deliveries WHERE delivery_id = ANY(ARRAY(
        SELECT delivery_id FROM deliveries WHERE state = 'delivered' AND settled_at < now() - :kept
        ORDER BY settled_at LIMIT 1000 FOR UPDATE SKIP LOCKED))
""")


def has_subscribers(session: Session) -> bool:
    return bool(session.scalar(ANYBODY))


def subscribers_behind(session: Session, horizon: int) -> list[str]:
    """Return active subscriptions whose queue is behind the log."""
    return list(session.scalars(BEHIND, {"horizon": horizon}))


def fill(session: Session, subscription_id: str, horizon: int) -> bool:
    """Queue the next facts for a subscriber, AT_ONCE at most. True when there is more and room for it.

    Of several workers one fills a queue, and the others skip it.
    """
    mine = select(SubscriptionRow).where(SubscriptionRow.subscription_id == subscription_id, SubscriptionRow.active)
    row = session.scalar(mine.with_for_update(skip_locked=True))
    if row is None or row.position >= horizon:
        return False
    if int(session.scalar(WAITING, {"subscription_id": subscription_id, "full": FULL}) or 0) >= FULL:
        return False
    place = {"subscription_id": subscription_id, "position": row.position, "horizon": horizon}
    beyond = session.scalar(LAST, place | {"many": AT_ONCE})
    up_to = horizon if beyond is None else int(beyond) - 1
    session.execute(QUEUE, place | {"up_to": up_to, "types": matching_types(row.types), "channel": row.channel})
    row.position = up_to
    return up_to < horizon


def subscribers_due(session: Session) -> list[tuple[str, str | None]]:
    """Return subscriptions with deliveries due and no pause, each with its channel or None."""
    return [(row.subscription_id, row.channel) for row in session.execute(TO_BE_TOLD)]


def due(session: Session, subscription_id: str, limit: int) -> list[Row[Any]]:
    """Return the next due deliveries, in the sequence of the log."""
    return list(session.execute(DUE, {"subscription_id": subscription_id, "limit": limit}))


def delete_old(session: Session, kept: timedelta) -> None:
    """Delete what was delivered longer than `kept` ago; parked deliveries stay."""
    session.execute(FORGET, {"kept": kept})
