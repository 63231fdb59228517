"""What the simulated partners share: time that passes in steps, and a way to tell Baton."""

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from simulators.callbacks import Callbacks, Event
from simulators.mood import Kind, Mood
from simulators.settings import SimulatorSettings
from simulators.troubles import Trouble, Troubles


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom an event is about: events of one stream arrive in order, and troubles change how they are sent."""

    stream: str
    troubles: Troubles


class World:
    """Built once per app; what it begins runs on the event loop of the app."""

    def __init__(self, settings: SimulatorSettings, moods: Mapping[str, Mood]) -> None:
        self._moods = moods
        self._step_seconds = settings.step_seconds
        self._callbacks = Callbacks(settings.callback_url, settings.secrets)
        self._lives: set[asyncio.Task[None]] = set()

    def begin(self, life: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Let something happen after the answer that is being given now."""
        task = asyncio.create_task(life)
        self._lives.add(task)
        task.add_done_callback(self._lives.discard)
        return task

    async def steps(self, number: int = 1) -> None:
        """Let this many steps pass."""
        await asyncio.sleep(number * self._step_seconds)

    def event(self, subject: Subject, partner: str, webhook_id: str, kind: str, data: Mapping[str, Any]) -> Event:
        """An event that happens now; it may be told later."""
        twice = Trouble.DUPLICATE_WEBHOOK in subject.troubles or self._moods[partner].kind == Kind.TWICE
        return Event(partner, webhook_id, kind, data, datetime.now(UTC), 2 if twice else 1)

    def tell(self, subject: Subject, *events: Event) -> None:
        """Send events in this order, after those told before about the same stream."""
        for event in events:
            self._callbacks.tell(subject.stream, event)

    async def close(self) -> None:
        for life in self._lives:
            life.cancel()
        await asyncio.gather(*self._lives, return_exceptions=True)
        await self._callbacks.close()
