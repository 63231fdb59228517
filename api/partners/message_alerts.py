"""Who is not told any more: partners and subscribers for whom messages are parked, and subscribers that are gone."""

from datetime import datetime
from typing import Literal

from fastapi import APIRouter
from sqlalchemy import text

from api.dependencies import Reader, WithServices
from api.errors import FORBIDDEN
from api.openapi import responses
from api.schemas import Answer
from api.subscriptions import examples

router = APIRouter(tags=["messages"])

# Read off the messages themselves, so that an alert is over when they are taken and nobody needs to say so.
ALERTS = text("""
    SELECT 'messages.parked' AS kind, recipient, count(*) AS messages, min(parked_at) AS since,
        (array_agg(last_error ORDER BY parked_at DESC))[1] AS reason
    FROM messages
    WHERE parked_at IS NOT NULL AND (CAST(:channel AS text) IS NULL OR EXISTS (
        SELECT FROM orders WHERE orders.order_id = messages.order_id AND channel = :channel))
    GROUP BY recipient
    UNION ALL
    SELECT 'deliveries.parked', subscription_id, count(*), min(settled_at),
        (array_agg(problem ORDER BY settled_at DESC))[1]
    FROM deliveries JOIN subscriptions USING (subscription_id)
    WHERE state = 'parked' AND (CAST(:channel AS text) IS NULL OR channel = :channel)
    GROUP BY subscription_id
    UNION ALL
    SELECT 'subscription.disabled', subscription_id, 0, NULL, disabled_because
    FROM subscriptions
    WHERE NOT active AND disabled_because IS NOT NULL AND (CAST(:channel AS text) IS NULL OR channel = :channel)
    ORDER BY kind, recipient
""")


class MessageAlert(Answer):
    """`recipient` is a partner, or the id of a subscription. `messages` are parked for it, the first one `since` then;
    `reason` is why the last one was not taken."""

    kind: Literal["messages.parked", "deliveries.parked", "subscription.disabled"]
    recipient: str
    messages: int
    since: datetime | None
    reason: str | None


class MessageAlerts(Answer):
    items: list[MessageAlert]


@router.get(
    "/messages/alerts",
    summary="Who is not told any more",
    responses=responses({200: ("All of them", examples.MESSAGE_ALERTS)}, FORBIDDEN),
)
def list_message_alerts(caller: Reader, services: WithServices) -> MessageAlerts:
    """Each stands here until what was parked has been taken, or the subscription is active again."""
    with services.sessions() as session:
        rows = session.execute(ALERTS, {"channel": caller.channel}).mappings().all()
    return MessageAlerts(items=[MessageAlert.model_validate(dict(row)) for row in rows])
