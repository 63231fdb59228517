"""Sending orders through the API in batches, so that an interruption costs nothing: what was sent may be sent again."""

import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from commands.import_sources import Item, Reject

BATCH, BATCH_BYTES = 200, 4_000_000
BUSY = (429, 503)
PATIENCE_SECONDS = 120.0
OUTCOMES = {202: "new", 200: "known before"}


class ApiRefuses(Exception):
    """The API does not take the batch, and would not a moment later."""


@dataclass
class Done:
    """How far an import is. `items` were answered for; the rest is counted by outcome."""

    digest: str
    items: int = 0
    orders: Counter[str] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)


def load_progress(side: Path, digest: str) -> Done:
    """Where an earlier import stopped. ValueError when it was of another file, channel or format."""
    kept: dict[str, Any] = json.loads(side.read_text()) if side.exists() else {"digest": digest}
    if kept["digest"] != digest:
        raise ValueError(f"{side} is about another file, channel or format")
    return Done(digest, kept.get("items", 0), Counter(kept.get("orders", {})), Counter(kept.get("rows", {})))


def digest_of(file: Path, *how: str) -> str:
    return hashlib.sha256(repr(how).encode() + file.read_bytes()).hexdigest()


class Sender:
    """`client` knows the address and the key."""

    def __init__(self, client: httpx2.Client, channel: str, translator: str, side: Path, done: Done) -> None:
        self.client = client
        self.channel = channel
        self.translator = translator
        self.side = side
        self.done = done
        self.order_ids: dict[str, str] = {}

    def send(self, items: Sequence[Item], advance: Callable[[int], object]) -> Iterator[Reject]:
        """Send what was not sent yet, and give what is refused. Progress is kept after each batch, on disk."""
        for batch in _batches(items[self.done.items :]):
            answers = self._post(batch)
            for item, answer in zip(batch, answers, strict=True):
                outcome = OUTCOMES.get(answer["status"], "rejected")
                self.done.orders[outcome] += 1
                self.done.rows["order" if outcome != "rejected" else "rejected"] += len(item.rows)
                if outcome == "rejected":
                    yield _reject(item, answer)
                else:
                    self.order_ids[answer["channel_order_id"]] = answer["order_id"]
            self.done.items += len(batch)
            self._keep()
            advance(len(batch))

    def give_back(self, case_id: str, channel_order_id: str, units: Mapping[int, int], reason: str) -> str:
        """Ask for a return, and answer why not, or nothing. A repeated one is the same."""
        order_id = self.order_ids.get(channel_order_id) or self._find(channel_order_id)
        if order_id is None:
            return "its order is not there"
        lines = [{"line_no": number, "quantity": quantity} for number, quantity in sorted(units.items())]
        body = {"case_id": case_id, "reason": reason, "lines": lines}
        answer = self._patiently(lambda: self.client.post(f"/orders/{order_id}/returns", json=body))
        return "" if answer.is_success else str(answer.json().get("detail", answer.status_code))

    def finished(self) -> None:
        self.side.unlink(missing_ok=True)

    def _keep(self) -> None:
        fresh = self.side.with_name(self.side.name + ".new")
        fresh.write_text(json.dumps(vars(self.done)))
        fresh.replace(self.side)

    def _find(self, channel_order_id: str) -> str | None:
        asked = {"channel": self.channel, "channel_order_id": channel_order_id}
        answer = self._patiently(lambda: self.client.get("/orders", params=asked))
        found = answer.json().get("items", [])
        return str(found[0]["order_id"]) if found else None

    def _post(self, batch: Sequence[Item]) -> list[dict[str, Any]]:
        content = b"\n".join(item.raw for item in batch)
        where = f"/channels/{self.channel}/orders:batch"
        asked = {"translator": self.translator, "source": "file"}
        answer = self._patiently(lambda: self.client.post(where, params=asked, content=content))
        if answer.status_code != 200:
            raise ApiRefuses(f"{answer.status_code}: {answer.text[:300]}")
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    def _patiently(self, ask: Callable[[], httpx2.Response]) -> httpx2.Response:
        """Come back when the API says so, for two minutes."""
        give_up = time.monotonic() + PATIENCE_SECONDS
        while (answer := ask()).status_code in BUSY and time.monotonic() < give_up:
            time.sleep(float(answer.headers.get("retry-after", "1")))
        return answer


def _batches(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """By number and by size: an order may have 2,000 lines."""
    batch, size = list[Item](), 0
    for item in items:
        if batch and (len(batch) == BATCH or size + len(item.raw) > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += len(item.raw) + 1
    if batch:
        yield batch


def _reject(item: Item, answer: Mapping[str, Any]) -> Reject:
    errors = answer["errors"] or [{"field": "channel_order_id", "message": answer["detail"] or ""}]
    return Reject(item.rows, errors[0]["field"], errors[0]["message"])
