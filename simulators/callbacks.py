"""Webhooks to Baton: signed, in order, together if they wait together, and repeated until Baton has stored them."""

import asyncio
import json
import logging
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx2
from standardwebhooks import Webhook

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 10.0
FIRST_PAUSE_SECONDS = 0.1
MAX_PAUSE_SECONDS = 15.0
CONNECTIONS = 8
MAX_BATCH = 100


@dataclass(frozen=True, slots=True)
class Event:
    """An event of a partner. `times` is how often it is sent, always with the same id."""

    partner: str
    webhook_id: str
    type: str
    data: Mapping[str, Any]
    happened_at: datetime
    times: int = 1


class Callbacks:
    """Sends events to `{url}/{partner}`. Those of one stream (an order) arrive in the order in which they were sent.

    Events that came while an earlier one was under way are sent together; if they are not taken so, each is sent alone.
    One that Baton does not take within `patience_seconds` is dropped and the next one of its stream is sent.
    """

    def __init__(self, url: str, secrets: Mapping[str, str], patience_seconds: float = 300.0) -> None:
        self._url = url.rstrip("/")
        self._webhooks = {partner: Webhook(secret) for partner, secret in secrets.items()}
        self._patience = patience_seconds
        self._streams: dict[str, deque[Event]] = {}
        self._senders: set[asyncio.Task[None]] = set()
        # A semaphore, because the pool's own queue gets slow when it is long.
        self._free_connections = asyncio.Semaphore(CONNECTIONS)
        self._client = httpx2.AsyncClient(
            timeout=TIMEOUT_SECONDS,
            limits=httpx2.Limits(max_connections=CONNECTIONS, keepalive_expiry=4.0),
            trust_env=False,
        )

    def tell(self, stream: str, event: Event) -> None:
        """Queue an event behind the earlier ones of its stream. Returns at once."""
        waiting = self._streams.get(stream)
        if waiting is not None:
            waiting.append(event)
            return
        self._streams[stream] = deque([event])
        sender = asyncio.create_task(self._send_stream(stream))
        self._senders.add(sender)
        sender.add_done_callback(self._senders.discard)

    async def close(self) -> None:
        """Stop sending; unsent events are lost, as when a partner crashes."""
        for sender in self._senders:
            sender.cancel()
        await asyncio.gather(*self._senders, return_exceptions=True)
        await self._client.aclose()

    async def _send_stream(self, stream: str) -> None:
        waiting = self._streams[stream]
        while waiting:
            together = _taken_together(waiting)
            if len(together) > 1 and await self._post(
                together[0].partner, uuid4().hex, [_batched(one) for one in together]
            ):
                continue
            for event in together:
                for _ in range(event.times):
                    await self._send(event)
        del self._streams[stream]

    async def _send(self, event: Event) -> None:
        give_up_at, pause = monotonic() + self._patience, FIRST_PAUSE_SECONDS
        while not await self._post(event.partner, _id(event), _body(event)):
            if monotonic() + pause > give_up_at:
                log.warning("gave up: %s %s %s was not taken", event.partner, event.type, event.webhook_id)
                return
            await asyncio.sleep(pause)
            pause = min(2 * pause, MAX_PAUSE_SECONDS)

    async def _post(self, partner: str, webhook_id: str, body: object) -> bool:
        now, content = datetime.now(UTC), json.dumps(body, separators=(",", ":"))
        headers = {
            "content-type": "application/json",
            "webhook-id": webhook_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._webhooks[partner].sign(webhook_id, now, content),
        }
        try:
            async with self._free_connections:
                answer = await self._client.post(f"{self._url}/{partner}", content=content, headers=headers)
        except Exception as error:
            # Of any kind: a connection that is cut while it opens fails with what the client did not foresee. A sender
            # that ended by it would lose all events of its stream.
            log.info("not taken: %s", type(error).__name__)
            return False
        return answer.is_success


def _taken_together(waiting: deque[Event]) -> list[Event]:
    """Take the first events that may share a request off the queue; one that is sent twice is sent alone."""
    together = [waiting.popleft()]
    while waiting and len(together) < MAX_BATCH and together[0].partner == waiting[0].partner:
        if together[0].times + waiting[0].times > 2:
            break
        together.append(waiting.popleft())
    return together


def _id(event: Event) -> str:
    return quote(event.webhook_id, safe=":/@+")


def _body(event: Event) -> dict[str, Any]:
    return {"type": event.type, "timestamp": rfc3339(event.happened_at), "data": event.data}


def _batched(event: Event) -> dict[str, Any]:
    return {"id": _id(event), **_body(event)}


def rfc3339(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
