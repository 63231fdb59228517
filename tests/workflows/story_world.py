"""A world that a test controls: partners act when its clock ticks, and steps wait while their door is shut."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session
from temporalio.exceptions import ApplicationError

from domain.undo import Undone, UndoRequest
from models.database import Sessions

PAUSE = timedelta(minutes=1)
OURS = ("audit_order", "reserve_stock", "allocate_stock")
"""Local steps: at a shut door they fail, and are retried a minute later by the order's clock."""
PARTNERS = ("release_to_pick", "book_shipment")
"""Steps that call partners: at a shut door they take long."""
STEPS = (*OURS, *PARTNERS, "recall_pick")


class Doors:
    """The steps whose doors are shut now, and whether warehouses give work back."""

    def __init__(self) -> None:
        self.shut: set[str] = set()
        self.kept = False
        self._opened = threading.Condition()
        self._stock: Session | None = None

    def shut_for(self, step: str) -> None:
        self.shut.add(step)

    def hold_stock(self, sessions: Sessions) -> None:
        """Somebody counts: whoever claims goods has read what it needs, and waits."""
        if self._stock is None:
            self._stock = sessions()
            self._stock.execute(text("SELECT FROM stock FOR UPDATE"))

    def open_all(self) -> bool:
        """True if a local step was kept out, so that the order's clock must move on."""
        ours = bool(self.shut & set(OURS))
        with self._opened:
            self.shut.clear()
            self._opened.notify_all()
        if self._stock:
            self._stock.rollback()
            self._stock.close()
            self._stock = None
        return ours

    def before(self, step: Callable[..., Any]) -> Callable[..., Any]:
        """Return the same step behind its door."""
        name = step.__name__

        def behind_a_door(request: Any) -> Any:
            if name == "recall_pick" and self.kept:
                # As a warehouse that speaks Qimen refuses: it goes on with the work.
                assert isinstance(request, UndoRequest)
                return Undone(False, "too_late")
            if name in self.shut and name in OURS:
                raise ApplicationError("the database restarts", next_retry_delay=PAUSE)
            with self._opened:
                self._opened.wait_for(lambda: name not in self.shut, timeout=40)
            return step(request)

        return behind_a_door


class Clock:
    """A clock by which partners act; it stands still until a test lets it tick."""

    def __init__(self) -> None:
        self._now = 0
        self._waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    def advance(self, steps: int = 1) -> None:
        """Let partners take their next steps; called from any thread."""
        self._now += steps
        waiting, self._waiting = self._waiting, []
        for loop, moved in waiting:
            loop.call_soon_threadsafe(moved.set)

    async def steps(self, number: int = 1) -> None:
        due = self._now + number
        while self._now < due:
            moved = asyncio.Event()
            self._waiting.append((asyncio.get_running_loop(), moved))
            # Whoever begins to wait while the clock is moved may be missed once.
            with suppress(TimeoutError):
                await asyncio.wait_for(moved.wait(), 2)
