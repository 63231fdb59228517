"""Alerts about messages: partners and subscribers with parked messages, disabled subscriptions, and accounts at
channels that their platform no longer lets in."""

from datetime import datetime
from typing import Literal

from fastapi import APIRouter
from sqlalchemy import text

from api.dependencies import Reader, WithServices
from api.errors import FORBIDDEN
from api.openapi import responses
from api.schemas import Answer
from api.subscriptions import examples
from record.channels.tokens import lost_accounts

router = APIRouter(tags=["messages"])

# Computed from the messages themselves, so that an alert ends when they are taken.
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
    """`recipient` is a partner, the id of a subscription, or the channel of an account that lost its permission.
    `messages` counts those parked for it, the first one at `since`; `reason` is why the last one was not taken. At
    `page` a person permits our app again."""

    kind: Literal["messages.parked", "deliveries.parked", "subscription.disabled", "account.refused"]
    recipient: str
    messages: int
    since: datetime | None
    reason: str | None
    page: str | None = None


class MessageAlerts(Answer):
    items: list[MessageAlert]


@router.get(
    "/messages/alerts",
    summary="Recipients with parked messages",
    responses=responses({200: ("All of them", examples.MESSAGE_ALERTS)}, FORBIDDEN),
)
def list_message_alerts(caller: Reader, services: WithServices) -> MessageAlerts:
    """An alert stays until the parked messages were taken, or the subscription is active again."""
    with services.sessions() as session:
        rows = session.execute(ALERTS, {"channel": caller.channel}).mappings().all()
        lost = lost_accounts(session, caller.channel)
    refused = [
        MessageAlert(
            kind="account.refused",
            recipient=one.channel,
            messages=0,
            since=one.since,
            reason=one.reason,
            page=one.page or None,
        )
        for one in lost
    ]
    return MessageAlerts(items=[*refused, *(MessageAlert.model_validate(dict(row)) for row in rows)])
