"""Sends orders through the API in batches and keeps its progress, so that an interrupted import can go on."""

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

BATCH, HISTORY_BATCH, BATCH_BYTES = 200, 1_000, 4_000_000
BUSY = (429, 503)
MAX_BUSY_SECONDS = 120.0
"""How long a busy API is asked again."""
OUTCOMES = {202: "new", 200: "known before"}


class ApiRefuses(Exception):
    """The API refuses the batch, and would refuse it again."""


@dataclass
class Done:
    """How far an import is: `items` were answered, `orders` and `rows` count them by outcome."""

    digest: str
    items: int = 0
    orders: Counter[str] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)


def load_progress(file: Path, digest: str) -> Done:
    """Return where an earlier import stopped. Raise ValueError if it was of another file, channel or format."""
    kept: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {"digest": digest}
    if kept["digest"] != digest:
        raise ValueError(f"{file} is about another file, channel or format")
    return Done(digest, kept.get("items", 0), Counter(kept.get("orders", {})), Counter(kept.get("rows", {})))


def digest_of(file: Path, *options: str) -> str:
    return hashlib.sha256(repr(options).encode() + file.read_bytes()).hexdigest()


class Sender:
    """Sends items with `client`, which has the address and the key, and keeps `done` in `progress_file`."""

    def __init__(
        self,
        client: httpx2.Client,
        channel: str,
        translator: str,
        progress_file: Path,
        done: Done,
        history: bool = False,
    ) -> None:
        self.client = client
        self.channel = channel
        self.translator = translator
        self.progress_file = progress_file
        self.done = done
        self.history = history
        self.order_ids: dict[str, str] = {}

    def send(self, items: Sequence[Item], advance: Callable[[int], object]) -> Iterator[Reject]:
        """Send the items not sent yet and yield those refused. Progress is written to disk after each batch."""
        for batch in _batches(items[self.done.items :], HISTORY_BATCH if self.history else BATCH):
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
            self._save_progress()
            advance(len(batch))

    def request_return(self, case_id: str, channel_order_id: str, units: Mapping[int, int], reason: str) -> str:
        """Request a return; return why it was refused, or an empty text. Safe to repeat."""
        order_id = self.order_ids.get(channel_order_id) or self._find(channel_order_id)
        if order_id is None:
            return "its order is not there"
        lines = [{"line_no": number, "quantity": quantity} for number, quantity in sorted(units.items())]
        body = {"case_id": case_id, "reason": reason, "lines": lines}
        answer = self._retry_while_busy(lambda: self.client.post(f"/orders/{order_id}/returns", json=body))
        return "" if answer.is_success else str(answer.json().get("detail", answer.status_code))

    def finish(self) -> None:
        """Forget the progress, since nothing remains to be sent."""
        self.progress_file.unlink(missing_ok=True)

    def _save_progress(self) -> None:
        draft = self.progress_file.with_name(self.progress_file.name + ".new")
        draft.write_text(json.dumps(vars(self.done)))
        draft.replace(self.progress_file)

    def _find(self, channel_order_id: str) -> str | None:
        query = {"channel": self.channel, "channel_order_id": channel_order_id}
        answer = self._retry_while_busy(lambda: self.client.get("/orders", params=query))
        found = answer.json().get("items", [])
        return str(found[0]["order_id"]) if found else None

    def _post(self, batch: Sequence[Item]) -> list[dict[str, Any]]:
        content = b"\n".join(item.raw for item in batch)
        path = f"/channels/{self.channel}/orders:batch"
        query = {"translator": self.translator, "source": "file"} | ({"history": "true"} if self.history else {})
        answer = self._retry_while_busy(lambda: self.client.post(path, params=query, content=content))
        if answer.status_code != 200:
            raise ApiRefuses(f"{answer.status_code}: {answer.text[:300]}")
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    def _retry_while_busy(self, send: Callable[[], httpx2.Response]) -> httpx2.Response:
        """Send again after the API's Retry-After, for at most two minutes."""
        give_up = time.monotonic() + MAX_BUSY_SECONDS
        while (answer := send()).status_code in BUSY and time.monotonic() < give_up:
            time.sleep(min(pause_seconds(answer.headers.get("retry-after", "")), max(0.0, give_up - time.monotonic())))
        return answer


def pause_seconds(retry_after: str) -> float:
    """Seconds; 1 for a date, the other form of the header, which a proxy before the API may send."""
    return float(retry_after) if retry_after.isdecimal() else 1.0


def _batches(items: Sequence[Item], largest: int) -> Iterator[Sequence[Item]]:
    """Limit batches by number and by size, since an order may have 2,000 lines."""
    batch, size = list[Item](), 0
    for item in items:
        if batch and (len(batch) == largest or size + len(item.raw) > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += len(item.raw) + 1
    if batch:
        yield batch


def _reject(item: Item, answer: Mapping[str, Any]) -> Reject:
    errors = answer["errors"] or [{"field": "channel_order_id", "message": answer["detail"] or ""}]
    return Reject(item.rows, errors[0]["field"], errors[0]["message"])
