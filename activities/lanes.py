"""Send messages to one subscriber: several orders at a time, the messages of one order one after the other."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby

from standardwebhooks import Webhook

from domain.retries import FAILURES_BEFORE_PAUSE
from integrations.receivers import ReceiverHttp
from record.subscriptions.envelope import CONTENT_TYPE
from record.subscriptions.settling import GONE, SHOWN_ANSWER, Tried

LANES = 8
BUDGET_SECONDS = 10.0
"""After this time no further message of a batch is begun, so that other subscribers get their turn."""


@dataclass(frozen=True, slots=True)
class Post:
    """`kept` is the part of `body` that may be stored: without personal data."""

    delivery_id: int
    message_id: str
    order_id: str
    body: str
    kept: str


class Lanes:
    """Each message is signed with all `secrets`: two while a key is rotated."""

    def __init__(self, url: str, secrets: Sequence[str], private: bool, timeout: float) -> None:
        self._url, self._private, self._timeout = url, private, timeout
        self._signers = [Webhook(secret) for secret in secrets]
        self._tried: list[Tried] = []
        self._failures = 0
        self._stopped = False

    async def send(self, posts: Sequence[Post]) -> list[Tried]:
        """Send the messages; return the attempts in the order in which they ended.

        An order's lane ends with its first failure. All lanes end when the receiver is gone, asks for a pause, or
        fails too often in a row.
        """
        give_up = time.monotonic() + BUDGET_SECONDS
        by_order = sorted(posts, key=lambda post: post.order_id)
        room = asyncio.Semaphore(LANES)
        receiver = ReceiverHttp(self._private, self._timeout, SHOWN_ANSWER, LANES)
        async with receiver as http, asyncio.TaskGroup() as lanes:
            for _, of_one in groupby(by_order, key=lambda post: post.order_id):
                lanes.create_task(self._lane(http, list(of_one), room, give_up))
        return self._tried

    def signatures(self, post: Post, now: datetime) -> str:
        """Return one signature for each secret, in the format of the header."""
        return " ".join(signer.sign(post.message_id, now, post.body) for signer in self._signers)

    async def _lane(self, http: ReceiverHttp, posts: list[Post], room: asyncio.Semaphore, give_up: float) -> None:
        async with room:
            for post in posts:
                if self._stopped or time.monotonic() > give_up:
                    return
                tried = await self._try(http, post)
                self._tried.append(tried)
                self._failures = 0 if tried.taken else self._failures + 1
                if tried.reply.status == GONE or tried.retry_after or self._failures >= FAILURES_BEFORE_PAUSE:
                    self._stopped = True
                if not tried.taken:
                    return

    async def _try(self, http: ReceiverHttp, post: Post) -> Tried:
        began, now = time.monotonic(), datetime.now(UTC)
        headers = (
            ("Content-Type", CONTENT_TYPE),
            ("User-Agent", "Baton"),
            ("webhook-id", post.message_id),
            ("webhook-timestamp", str(int(now.timestamp()))),
            ("webhook-signature", self.signatures(post, now)),
        )
        reply = await http.post(self._url, headers, post.body.encode())
        return Tried(post.delivery_id, post.kept, reply, int((time.monotonic() - began) * 1000))
