"""Deliver: send a subscriber its events, a batch at a time, apart from all orders."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session
from temporalio import activity

from activities.lanes import Lanes, Post
from activities.shares import Shares
from models.database import Sessions
from models.subscription import SubscriptionRow
from record.set_aside import error_name
from record.subscriptions.ending import end_with_keys
from record.subscriptions.envelope import event_body, ping_body
from record.subscriptions.keys import signing_secrets
from record.subscriptions.log import Entry, entries_of
from record.subscriptions.queue import due
from record.subscriptions.settling import park, settle

BATCH = 200
CHANNEL_SHARE = 2
"""How many of a worker process's sending threads (worker.py: MESSENGERS) one channel may take."""


@dataclass(frozen=True)
class DeliverRequest:
    subscription_id: str


@dataclass(frozen=True)
class DeliverAnswer:
    """How many messages were taken and how many failed; `more` if others are due."""

    taken: int = 0
    failed: int = 0
    more: bool = False


class Deliver:
    """`private` allows receivers on private addresses; `timeout` is for one call. At most `share` batches of one
    channel are sent at a time."""

    def __init__(
        self, sessions: Sessions, private: bool, timeout: timedelta = timedelta(seconds=10), share: int = CHANNEL_SHARE
    ) -> None:
        self.shares = Shares(share)
        self.sessions = sessions
        self.private = private
        self.timeout = timeout

    @activity.defn(no_thread_cancel_exception=True)
    def deliver_batch(self, request: DeliverRequest) -> DeliverAnswer:
        """Send what is due. A crash before it is recorded sends it again, under the same ids."""
        name = request.subscription_id
        with self.sessions.begin() as session:
            end_with_keys(session, name)
            subscription = session.get(SubscriptionRow, name)
            if subscription is None or not _may_receive(subscription):
                return DeliverAnswer()
            # After a failure, one message finds out whether the receiver is back.
            keys, channel = signing_secrets(session, subscription), subscription.channel
            posts = _posts(session, subscription, due(session, name, 1 if subscription.not_before else BATCH))
        lanes = Lanes(subscription.url, keys, self.private, self.timeout.total_seconds())
        with self.shares.one_of(channel):
            tried = asyncio.run(lanes.send(posts))
        with self.sessions.begin() as session:
            settle(session, name, tried)
            session.flush()
            subscription = session.get(SubscriptionRow, name)
            more = subscription is not None and _may_receive(subscription) and bool(due(session, name, 1))
        taken = sum(one.taken for one in tried)
        return DeliverAnswer(taken, len(tried) - taken, more)


def _may_receive(subscription: SubscriptionRow) -> bool:
    rests = subscription.not_before is not None and subscription.not_before > datetime.now(UTC)
    return subscription.active and not rests


def _posts(session: Session, subscription: SubscriptionRow, rows: list[Row[Any]]) -> list[Post]:
    facts = entries_of(session, [row.event_id for row in rows if row.event_id is not None])
    posts = []
    for row in rows:
        try:
            posts.append(_post(row, facts.get(row.event_id), subscription))
        except Exception as trouble:
            # A message that cannot be written waits for a person and does not block the others.
            park(session, subscription.subscription_id, row.delivery_id, f"cannot be written: {error_name(trouble)}")
    return posts


def _post(row: Row[Any], entry: Entry | None, subscription: SubscriptionRow) -> Post:
    if entry is None:
        body = kept = ping_body(row.message_id, row.queued_at, subscription.subscription_id)
    else:
        kept = event_body(entry)
        body = event_body(entry, people=True) if subscription.people else kept
    return Post(row.delivery_id, row.message_id, row.order_id or row.message_id, body, kept)
