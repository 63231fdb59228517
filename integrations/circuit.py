"""How much of a worker one partner may take: a few calls at a time, and none while it does not answer."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from domain.errors import CallLimited, PartnerBusy, PartnerSilent, PartnerTrouble

PLACES = 4
FAILURES = 3
"""After so many failures in a row it is left alone; then one call at a time asks whether it is back."""
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 5.0, 60.0
PATIENCE_SECONDS, SLOW_SECONDS, LOOK_SECONDS = 2.0, 0.5, 0.05
"""A caller waits this long for a place, and not at all while a call takes longer than the other: it comes again."""
BUSY_SECONDS = 1.0
BACK_EACH_SECOND, LONGEST_SPREAD_SECONDS = 10, 240.0
"""So many of those who were sent away come back in a second: a thousand at once would be one more trouble."""


@dataclass(frozen=True, slots=True)
class CircuitState:
    """`open`: it is left alone. `failed` calls and callers who were `sent_away` are counted since the process began."""

    open: bool
    under_way: int
    failed: int
    sent_away: int


class Circuit:
    """Of one partner in one process. No more threads call it than there are places, however slow it is; and none while
    it has asked for a pause or does not answer."""

    def __init__(
        self,
        name: str,
        places: int = PLACES,
        patience: float = PATIENCE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._places = places
        self._patience = patience
        self._clock = clock
        self._changed = threading.Condition()
        self._under_way: dict[int, float] = {}
        """When each call began, by its number."""
        self._calls = self._failed = self._sent_away = 0
        self._failures = self._pauses = 0
        """In a row: failures while it counts as well, and pauses since it does not."""
        self._closed_until = 0.0
        self._asked_for = False
        """Whether it has asked for the pause itself."""
        self._asking: int | None = None
        """The call that asks whether it is back."""
        self._will_come = 0
        """How many were sent away since it answered last."""

    @contextmanager
    def call(self) -> Iterator[None]:
        """Around one call. Raises PartnerSilent or PartnerBusy when the partner is not to be called now.

        PartnerTrouble in it is a failure. A refusal is an answer and none.
        """
        number = self._enter()
        trouble: PartnerTrouble | None = None
        try:
            yield
        except PartnerTrouble as problem:
            trouble = problem
            raise
        finally:
            with self._changed:
                self._leave(number, trouble)
                self._changed.notify()

    @property
    def state(self) -> CircuitState:
        with self._changed:
            return CircuitState(self._pauses > 0, len(self._under_way), self._failed, self._sent_away)

    def _enter(self) -> int:
        with self._changed:
            give_up = time.monotonic() + self._patience
            while not self._pauses and len(self._under_way) >= self._places:
                if self._slow() or time.monotonic() > give_up:
                    raise PartnerBusy(f"{self._name} has enough to do: its answers are waited for", self._later(0))
                self._changed.wait(LOOK_SECONDS)
            self._calls += 1
            if self._pauses:
                self._ask()
            self._under_way[self._calls] = self._clock()
            return self._calls

    def _ask(self) -> None:
        """Let this call ask whether it is back, places or not; raises PartnerSilent while that is not to be asked."""
        left = self._closed_until - self._clock()
        if left > 0 or self._asking is not None:
            why = "asked for a pause" if self._asked_for else "does not answer"
            at = f"{datetime.now(UTC) + timedelta(seconds=left):%H:%M:%S} UTC" if left > 0 else "this moment"
            raise PartnerSilent(f"{self._name} {why}: it is tried again at {at}", self._later(left))
        self._asking = self._calls

    def _leave(self, number: int, trouble: PartnerTrouble | None) -> None:
        del self._under_way[number]
        asked = self._asking == number
        if asked:
            self._asking = None
        if trouble is None:
            self._failures = self._pauses = self._will_come = 0
            return
        self._failed += 1
        self._failures += 1
        if isinstance(trouble, CallLimited):
            self._pause(trouble.retry_after, asked_for=True)
        elif asked or (self._failures >= FAILURES and not self._pauses):
            # What was under way when it was left alone says nothing new.
            pause = FIRST_PAUSE_SECONDS * (1 << min(self._pauses, 10))
            self._pause(min(pause, LONGEST_PAUSE_SECONDS), asked_for=False)

    def _pause(self, seconds: float, *, asked_for: bool) -> None:
        self._pauses += 1
        self._closed_until, self._asked_for = self._clock() + seconds, asked_for

    def _slow(self) -> bool:
        return self._clock() - min(self._under_way.values()) > SLOW_SECONDS

    def _later(self, left: float) -> float:
        """When this caller comes again, in seconds: the more there are, the more they are spread."""
        self._sent_away += 1
        self._will_come += 1
        spread = min(self._will_come / BACK_EACH_SECOND, LONGEST_SPREAD_SECONDS)
        return max(left, 0.0) + BUSY_SECONDS + random.uniform(0, spread)


class Circuits:
    """Those of one process, by name: whoever calls a partner under one name shares its places."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, Circuit] = {}

    def of(self, name: str, places: int = PLACES, patience: float = PATIENCE_SECONDS) -> Circuit:
        """The first who asks says how many places there are."""
        with self._lock:
            if name not in self._known:
                self._known[name] = Circuit(WORDS.get(name, name), places, patience)
            return self._known[name]

    def states(self) -> dict[str, CircuitState]:
        with self._lock:
            known = dict(self._known)
        return {name: circuit.state for name, circuit in known.items()}


WORDS = {
    "wms": "the warehouse (wms)",
    "qimen": "the warehouse (qimen)",
    "tms": "the carriers' desk (tms)",
    "tms sf": "SF Express, behind the tms,",
    "tms jd": "JD Logistics, behind the tms,",
    "tms dhl": "DHL Express, behind the tms,",
    "payments": "the payment gateway",
    "erp": "the ERP",
    "crm": "the CRM",
    "channel": "the channel",
    "inbox": "the customers' inbox",
}
"""What people read for these names; all others are read as they are."""
