"""Snapshots that were read a moment ago for another recipient of the same news."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from domain.contents.snapshot import Snapshot
from models.messaging import MessageRow
from record.messages.snapshots import load_snapshots

LIFETIME_SECONDS = 2.0

News = tuple[str, datetime]
"""A milestone and when it was announced, the same for all recipients."""


@dataclass(frozen=True, slots=True)
class _Recent:
    news: frozenset[News]
    until: float
    snapshot: Snapshot


class RecentSnapshots:
    """The four recipients of a milestone are told at about the same time, by threads that share one of these."""

    def __init__(self, lifetime: float = LIFETIME_SECONDS, now: Callable[[], float] = time.monotonic) -> None:
        self._lifetime = lifetime
        self._now = now
        self._lock = threading.Lock()
        self._known: dict[str, _Recent] = {}

    def load(self, session: Session, messages: Sequence[MessageRow]) -> Mapping[str, Snapshot]:
        """Return snapshots by order id for the contents of these messages.

        One that was read when all news of its order was there already is good for the other recipients too. What was
        tried before or is sent again is read anew.
        """
        wanted: dict[str, set[News]] = {}
        for message in messages:
            wanted.setdefault(message.order_id, set()).add((message.milestone, message.created_at))
        again = {one.order_id for one in messages if one.tries or one.redelivered_at is not None}
        # Of threads that want the same at once, one reads it.
        with self._lock:
            now = self._now()
            known = {name: recent for name, recent in self._known.items() if recent.until > now}
            missing = {
                order_id: news
                for order_id, news in wanted.items()
                if order_id in again or order_id not in known or not news <= known[order_id].news
            }
            reached = {order_id: {milestone for milestone, _ in news} for order_id, news in missing.items()}
            loaded = load_snapshots(session, reached) if reached else {}
            until = now + self._lifetime
            known |= {name: _Recent(frozenset(missing[name]), until, one) for name, one in loaded.items()}
            self._known = known
        return {order_id: known[order_id].snapshot for order_id in wanted}
