"""What the simulated partners share: time that passes in steps, and events to Baton."""

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from simulators.callbacks import Callbacks, Event
from simulators.settings import SimulatorSettings
from simulators.trouble_state import TroubleKind, TroubleState
from simulators.troubles import Trouble, Troubles


@dataclass(frozen=True, slots=True)
class Subject:
    """What an event is about: events of one stream arrive in order, and troubles change how they are sent."""

    stream: str
    troubles: Troubles


class World:
    """Built once for the app; tasks that it begins run on the app's event loop."""

    def __init__(self, settings: SimulatorSettings, trouble_states: Mapping[str, TroubleState]) -> None:
        self._troubles = trouble_states
        self._step_seconds = settings.step_seconds
        self._callbacks = Callbacks(settings.callback_url, settings.secrets)
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run something after the current answer is sent."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def change_pace(self, step_seconds: float) -> None:
        """From now on a step takes this long; one that has begun ends as it would have."""
        self._step_seconds = step_seconds

    async def steps(self, number: int = 1) -> None:
        """Let this many steps pass."""
        await asyncio.sleep(number * self._step_seconds)

    def event(self, subject: Subject, partner: str, webhook_id: str, kind: str, data: Mapping[str, Any]) -> Event:
        """An event that happens now; it may be sent later."""
        twice = Trouble.DUPLICATE_WEBHOOK in subject.troubles or self._troubles[partner].kind == TroubleKind.TWICE
        return Event(partner, webhook_id, kind, data, datetime.now(UTC), 2 if twice else 1)

    def tell(self, subject: Subject, *events: Event) -> None:
        """Send events in this order, after earlier ones of the same stream."""
        for event in events:
            self._callbacks.tell(subject.stream, event)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._callbacks.close()
