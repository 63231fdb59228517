"""Circuit breaker and concurrency limit for the calls to one partner."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from domain.errors import CallLimited, PartnerBusy, PartnerSilent, PartnerTrouble

MAX_CALLS = 4
FAILURES_BEFORE_PAUSE = 3
"""After this many failures in a row calls are paused; then one probe at a time tests whether the partner is back."""
FIRST_PAUSE_SECONDS, MAX_PAUSE_SECONDS = 5.0, 60.0
MAX_WAIT_SECONDS, SLOW_CALL_SECONDS, POLL_SECONDS = 2.0, 0.5, 0.05
"""A caller waits at most MAX_WAIT_SECONDS for a free slot, and is sent away at once while some call has already taken
SLOW_CALL_SECONDS."""
MIN_RETRY_SECONDS = 1.0
RETRIES_PER_SECOND, MAX_JITTER_SECONDS = 10, 240.0
"""Callers that were sent away return at this rate: a thousand at once would bring the partner down again."""


@dataclass(frozen=True, slots=True)
class CircuitState:
    """`open`: calls are paused. `failed` and `sent_away` count calls since the process began."""

    open: bool
    under_way: int
    failed: int
    sent_away: int


class Circuit:
    """Guards the calls of one process to one partner: at most `max_calls` at a time, however slow the partner is, and
    none while it has asked for a pause or does not answer."""

    def __init__(
        self,
        name: str,
        max_calls: int = MAX_CALLS,
        max_wait: float = MAX_WAIT_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._max_calls = max_calls
        self._max_wait = max_wait
        self._clock = clock
        self._condition = threading.Condition()
        self._under_way: dict[int, float] = {}
        """Start time of each running call, by call number."""
        self._last_call = self._failed = self._sent_away = 0
        self._failures = self._pauses = 0
        """Failures since the last success, and pauses in a row (0 while the circuit is closed)."""
        self._paused_until = 0.0
        self._pause_requested = False
        """True if the partner itself asked for the pause (Retry-After)."""
        self._probe: int | None = None
        """Number of the call that tests whether the partner is back."""
        self._waiting_callers = 0
        """Callers sent away since the partner last answered."""

    @contextmanager
    def call(self) -> Iterator[None]:
        """Wrap one call. Raises PartnerSilent while calls are paused and PartnerBusy when no slot is free.

        PartnerTrouble raised inside counts as a failure; a refusal is an answer and does not.
        """
        number = self._enter()
        trouble: PartnerTrouble | None = None
        try:
            yield
        except PartnerTrouble as problem:
            trouble = problem
            raise
        finally:
            with self._condition:
                self._leave(number, trouble)
                self._condition.notify()

    @property
    def state(self) -> CircuitState:
        with self._condition:
            return CircuitState(self._pauses > 0, len(self._under_way), self._failed, self._sent_away)

    def _enter(self) -> int:
        with self._condition:
            give_up = time.monotonic() + self._max_wait
            while not self._pauses and len(self._under_way) >= self._max_calls:
                if self._has_slow_call() or time.monotonic() > give_up:
                    raise PartnerBusy(
                        f"{self._name} has enough to do: its answers are waited for", self._retry_after(0)
                    )
                self._condition.wait(POLL_SECONDS)
            self._last_call += 1
            if self._pauses:
                self._start_probe()
            self._under_way[self._last_call] = self._clock()
            return self._last_call

    def _start_probe(self) -> None:
        """Make this call the probe, whether or not a slot is free. Raises PartnerSilent during the pause and while
        another call probes."""
        remaining = self._paused_until - self._clock()
        if remaining > 0 or self._probe is not None:
            why = "asked for a pause" if self._pause_requested else "does not answer"
            at = f"{datetime.now(UTC) + timedelta(seconds=remaining):%H:%M:%S} UTC" if remaining > 0 else "this moment"
            raise PartnerSilent(f"{self._name} {why}: it is tried again at {at}", self._retry_after(remaining))
        self._probe = self._last_call

    def _leave(self, number: int, trouble: PartnerTrouble | None) -> None:
        del self._under_way[number]
        was_probe = self._probe == number
        if was_probe:
            self._probe = None
        if trouble is None:
            self._failures = self._pauses = self._waiting_callers = 0
            return
        self._failed += 1
        self._failures += 1
        if isinstance(trouble, CallLimited):
            self._pause(trouble.retry_after, requested=True)
        elif was_probe or (self._failures >= FAILURES_BEFORE_PAUSE and not self._pauses):
            # Calls that began before the pause do not extend it.
            pause = FIRST_PAUSE_SECONDS * (1 << min(self._pauses, 10))
            self._pause(min(pause, MAX_PAUSE_SECONDS), requested=False)

    def _pause(self, seconds: float, *, requested: bool) -> None:
        self._pauses += 1
        self._paused_until, self._pause_requested = self._clock() + seconds, requested

    def _has_slow_call(self) -> bool:
        return self._clock() - min(self._under_way.values()) > SLOW_CALL_SECONDS

    def _retry_after(self, remaining: float) -> float:
        """Seconds until this caller retries, with jitter that grows with the number of waiting callers."""
        self._sent_away += 1
        self._waiting_callers += 1
        jitter = min(self._waiting_callers / RETRIES_PER_SECOND, MAX_JITTER_SECONDS)
        return max(remaining, 0.0) + MIN_RETRY_SECONDS + random.uniform(0, jitter)


class Circuits:
    """The circuits of one process by name; callers that use the same name share slots and failures."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, Circuit] = {}

    def of(self, name: str, max_calls: int = MAX_CALLS, max_wait: float = MAX_WAIT_SECONDS) -> Circuit:
        """Return the circuit of this name. The limits count only for the first caller, which creates it."""
        with self._lock:
            if name not in self._known:
                self._known[name] = Circuit(DISPLAY_NAMES.get(name, name), max_calls, max_wait)
            return self._known[name]

    def states(self) -> dict[str, CircuitState]:
        with self._lock:
            known = dict(self._known)
        return {name: circuit.state for name, circuit in known.items()}


DISPLAY_NAMES = {
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
    "smtp": "the mail server",
    "sms": "the gateway of template messages",
}
"""Names shown to people; any other name is shown as it is."""
