"""Runs the demo: sends the orders and plays the scenes until all is settled or nothing moves any more."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from commands.demo.board import ENDS, HELD, NO_STOCK, Board, OrderView
from commands.demo.screen import Screen
from commands.demo.stage import Scene, Stage, Unexpected

LOOK_EVERY_SECONDS = 0.12
STALLED_AFTER_SECONDS = 45.0
"""How long nothing may happen before the demo gives up."""

RESTING = (HELD, NO_STOCK, *ENDS)

Act = Callable[[Stage], Scene]


@dataclass(frozen=True)
class Play:
    """The orders to send, the scenes, the orders that will end canceled, and those that scenes bring.

    With `max_under_way` an order waits until fewer are under way, so that people can follow and a slow machine is not
    swamped; without it all are sent as fast as they are taken.
    """

    bodies: Sequence[dict[str, Any]]
    max_under_way: int | None = None
    scenes: Sequence[Act] = ()
    canceled: Sequence[str] = ()
    brought: Sequence[str] = ()

    @property
    def numbers(self) -> list[str]:
        return [*(body["channel_order_id"] for body in self.bodies), *self.brought]


@dataclass(frozen=True)
class Outcome:
    """Where every order ended, the story in plain words, and what was not as expected."""

    board: Board
    seconds: float
    story: list[str]
    problems: list[str]


class Director:
    """Runs one play on a stage."""

    def __init__(self, stage: Stage, screen: Screen, play: Play) -> None:
        self._stage = stage
        self._screen = screen
        self._play = play
        self._to_send = list(reversed(play.bodies))
        self._running = {_title(act): act(stage) for act in play.scenes}
        self._stories: dict[str, str] = {}
        self._problems: list[str] = []
        self._moved: tuple[float, object] = (screen.seconds, None)
        self._taken, self._look_at = 0, 0.0

    def run(self) -> Outcome:
        """Return when all is settled, or when nothing has moved for STALLED_AFTER_SECONDS."""
        while not self._settled() and not self._stuck():
            if self._may_send():
                self._send(self._to_send.pop())
            else:
                time.sleep(max(0.0, self._look_at - self._screen.seconds))
            if self._screen.seconds >= self._look_at:
                self._look()
        self._problems += [f"“{title}” did not come to its end" for title in self._running]
        self._problems += [problem for number in self._play.numbers if (problem := self._wrong_end(number))]
        story = [self._stories[_title(act)] for act in self._play.scenes if _title(act) in self._stories]
        return Outcome(self._stage.board, self._screen.seconds, story, self._problems)

    def _settled(self) -> bool:
        return not self._to_send and not self._running and self._stage.board.settled

    def _stuck(self) -> bool:
        """True if no event, message, order or scene has moved for too long: the demo as a whole has no time limit."""
        board, (since, before) = self._stage.board, self._moved
        newest = board.latest[0].event_id if board.latest else 0
        unsent = sum(order.has_unsent_messages for order in board.orders.values())
        now = newest, len(self._to_send), len(self._stories), unsent
        if now != before:
            self._moved = self._screen.seconds, now
            return False
        return self._screen.seconds - since > STALLED_AFTER_SECONDS

    def _may_send(self) -> bool:
        if self._play.max_under_way is None:
            return bool(self._to_send)
        places = self._stage.board.places()
        resting = sum(number for place, number in places.items() if place in RESTING)
        return bool(self._to_send) and self._taken - resting < self._play.max_under_way

    def _send(self, body: dict[str, Any]) -> None:
        try:
            self._stage.place(body)
            self._taken += 1
        except Unexpected as problem:
            self._problems.append(str(problem))

    def _look(self) -> None:
        self._stage.look()
        for title in list(self._running):
            self._go_on(title)
        self._screen.show(self._stage.board)
        self._look_at = self._screen.seconds + LOOK_EVERY_SECONDS

    def _go_on(self, title: str) -> None:
        try:
            next(self._running[title])
        except StopIteration as end:
            self._stories[title] = end.value
            del self._running[title]
        except Unexpected as problem:
            self._problems.append(f"“{title}”: {problem}")
            del self._running[title]

    def _wrong_end(self, number: str) -> str | None:
        seen: OrderView | None = self._stage.board.orders.get(number)
        expected = "canceled" if number in self._play.canceled else "completed"
        if seen and seen.status == expected:
            return None
        return f"{number} is {seen.place if seen else 'not there'}, not {expected}"


def _title(act: Act) -> str:
    return act.__name__.replace("_", " ")
