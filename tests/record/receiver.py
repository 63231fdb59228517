"""A subscriber's server on loopback whose answers a test sets, and the deliveries from the log to it."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import text, update
from standardwebhooks import Webhook

from activities.deliver import Deliver, DeliverAnswer, DeliverRequest
from domain.ids import new_subscription_id
from models.database import Sessions
from models.subscription import DeliveryRow, SubscriptionRow
from record import journal
from record.horizon import LogHorizon
from record.subscriptions import queue
from record.subscriptions.keys import new_secret
from tests.integrations.servers import serving


@dataclass
class Reply:
    """An answer of the receiver, and the seconds before it."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    late: float = 0


class Receiver:
    """Stores what it receives. Answers with `replies` in turn, then with 200."""

    def __init__(self) -> None:
        self.came: list[tuple[dict[str, str], str]] = []
        self.replies: list[Reply] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body, more = b"", True
        while more:
            part = await receive()
            body, more = body + part["body"], part.get("more_body", False)
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.came.append((headers, body.decode()))
        reply = self.replies.pop(0) if self.replies else Reply()
        await asyncio.sleep(reply.late)
        told = [(name.encode(), value.encode()) for name, value in reply.headers.items()]
        await send({"type": "http.response.start", "status": reply.status, "headers": told})
        await send({"type": "http.response.body", "body": reply.body.encode()})

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.came]

    def verified_by(self, secret: str) -> list[str]:
        """Return the ids of the messages whose signature this secret verifies."""
        webhook, believed = Webhook(secret), []
        for headers, body in self.came:
            webhook.verify(body, headers)
            believed.append(headers["webhook-id"])
        return believed


@contextmanager
def receiving() -> Iterator[tuple[Receiver, str]]:
    receiver = Receiver()
    with serving(receiver) as address:
        yield receiver, f"{address}/hook"


@dataclass
class Post:
    """The way from the log to a receiver, advanced step by step."""

    sessions: Sessions
    timeout: float = 2.0
    private: bool = True

    def __post_init__(self) -> None:
        self._horizon = LogHorizon()

    def subscribe(self, url: str, **fields: Any) -> str:
        name = new_subscription_id()
        values = {"types": ["*"], "position": 0, "created_by": "Sun of support", "secret": new_secret()} | fields
        with self.sessions.begin() as session:
            session.add(SubscriptionRow(subscription_id=name, url=url, **values))
        return name

    def happened(self, order_id: str, *events: str, **data: Any) -> None:
        with self.sessions.begin() as session:
            for event in events:
                journal.append_fact(session, order_id, event, f"{event}:{len(data)}", data)

    def fill(self, subscription_id: str) -> None:
        with self.sessions.begin() as session:
            horizon = self._horizon.look(session)
        with self.sessions.begin() as session:
            queue.fill(session, subscription_id, horizon)

    def deliver(self, subscription_id: str) -> DeliverAnswer:
        self.fill(subscription_id)
        deliver = Deliver(self.sessions, self.private, timedelta(seconds=self.timeout))
        return deliver.deliver_batch(DeliverRequest(subscription_id))

    def deliveries(self, subscription_id: str) -> list[DeliveryRow]:
        with self.sessions() as session:
            rows = session.query(DeliveryRow).filter_by(subscription_id=subscription_id)
            return list(rows.order_by(DeliveryRow.event_id.nulls_first()))

    def subscription(self, subscription_id: str) -> SubscriptionRow:
        with self.sessions() as session:
            return session.get_one(SubscriptionRow, subscription_id)

    def change(self, subscription_id: str, **values: Any) -> None:
        with self.sessions.begin() as session:
            session.execute(update(SubscriptionRow).filter_by(subscription_id=subscription_id).values(values))

    def let_time_pass(self, seconds: float) -> None:
        """Shift the times of all waiting deliveries into the past."""
        back = {"by": timedelta(seconds=seconds)}
        with self.sessions.begin() as session:
            session.execute(text("UPDATE deliveries SET due_at = due_at - :by, queued_at = queued_at - :by"), back)
            session.execute(text("UPDATE subscriptions SET not_before = not_before - :by"), back)
