"""Anchors: signed days kept outside of the database, out of reach of whoever rewrites it: a file, a webhook, or both.

A day is anchored before its root is stored, so it can be signed only once: another root for the same day is refused.
"""

import fcntl
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Protocol, Self, TextIO

from domain.errors import Refusal
from domain.trace import Day
from integrations.http import PartnerHttp


class Resigned(RuntimeError):
    """A day was signed before with another root: the log was rewritten."""


class RootRefused(Refusal):
    """The keeper of our roots has another one for this day."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """A signed day as it is published; bytes in hexadecimal."""

    day: date
    orders: int
    root: str
    previous: str
    signature: str

    @classmethod
    def of(cls, day: Day, signature: bytes) -> Self:
        return cls(day.day, day.orders, day.root.hex(), day.previous.hex(), signature.hex())

    @property
    def as_json(self) -> Mapping[str, object]:
        return {
            "day": self.day.isoformat(),
            "orders": self.orders,
            "root": self.root,
            "previous": self.previous,
            "signature": self.signature,
        }


class Keeper(Protocol):
    """Keeps one root per day."""

    def keep(self, anchor: Anchor) -> None:
        """Keep the anchor; safe to repeat. Raises Resigned if the day has another root already."""
        ...


class AnchorFile:
    """A file with one line of JSON per day, append-only and synced to disk before `keep` returns."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def keep(self, anchor: Anchor) -> None:
        with self._locked() as file:
            file.seek(0)
            text = file.read()
            known = next((one for one in _anchors(text.splitlines()) if one.day == anchor.day), None)
            if known is not None and known != anchor:
                raise Resigned(f"{anchor.day} was signed before with another root, see {self._path.name}")
            if known is None:
                # Start a new line after one that a power cut left incomplete.
                begin = "\n" if text and not text.endswith("\n") else ""
                file.write(f"{begin}{json.dumps(anchor.as_json)}\n")
                file.flush()
                os.fsync(file.fileno())

    def read(self) -> dict[date, Anchor]:
        """Return the anchors by day; of several for one day the first counts. Empty without a file."""
        lines = self._path.read_text().splitlines() if self._path.exists() else []
        found: dict[date, Anchor] = {}
        for anchor in _anchors(lines):
            found.setdefault(anchor.day, anchor)
        return found

    @contextmanager
    def _locked(self) -> Iterator[TextIO]:
        with os.fdopen(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "a+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file


class AnchorHttp:
    """Sends each root to an outside service, which answers 200, or 409 or 422 with a code for another root of that
    day."""

    def __init__(self, http: PartnerHttp) -> None:
        self._http = http

    def keep(self, anchor: Anchor) -> None:
        try:
            self._http.post("/trace-roots", anchor.as_json, f"trace-root:{anchor.day}", refusal=RootRefused)
        except RootRefused as refused:
            raise Resigned(f"{anchor.day} was signed before with another root, says who keeps our roots") from refused


def _anchors(lines: Iterable[str]) -> Iterator[Anchor]:
    for line in lines:
        try:
            fields = json.loads(line)
            yield Anchor(
                date.fromisoformat(fields["day"]),
                fields["orders"],
                fields["root"],
                fields["previous"],
                fields["signature"],
            )
        except (ValueError, KeyError, TypeError):
            continue
