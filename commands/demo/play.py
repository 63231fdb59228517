"""The demo itself: send the orders, let every scene go on, watch, until all is settled or nothing moves any more."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from commands.demo.board import ENDS, HELD, NO_STOCK, Board, Seen
from commands.demo.screen import Screen
from commands.demo.stage import Scene, Stage, Unexpected

LOOK_EVERY_SECONDS = 0.12
PATIENCE_SECONDS = 45.0
"""For how long nothing may happen before the demo gives up."""

RESTING = (HELD, NO_STOCK, *ENDS)

Act = Callable[[Stage], Scene]


@dataclass(frozen=True)
class Play:
    """What is played: the orders to send, the scenes, and the orders that end canceled.

    With `at_once` an order is sent only while fewer than so many are on their way, so that people can follow and a slow
    machine is not swamped; without, all are sent as fast as they are taken.
    """

    bodies: Sequence[dict[str, Any]]
    at_once: int | None = None
    scenes: Sequence[Act] = ()
    canceled: Sequence[str] = ()


@dataclass(frozen=True)
class Outcome:
    """Where everything ended, the story in plain words, and whatever was not as expected."""

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
        self._told: dict[str, str] = {}
        self._problems: list[str] = []
        self._moved: tuple[float, object] = (screen.seconds, None)
        self._taken, self._look_at = 0, 0.0

    def run(self) -> Outcome:
        """Return when all is settled, or when nothing has moved for PATIENCE_SECONDS."""
        while not self._settled() and not self._stuck():
            if self._may_send():
                self._send(self._to_send.pop())
            else:
                time.sleep(max(0.0, self._look_at - self._screen.seconds))
            if self._screen.seconds >= self._look_at:
                self._look()
        self._problems += [f"“{title}” did not come to its end" for title in self._running]
        self._problems += [problem for body in self._play.bodies if (problem := self._wrong_end(body))]
        story = [self._told[_title(act)] for act in self._play.scenes if _title(act) in self._told]
        return Outcome(self._stage.board, self._screen.seconds, story, self._problems)

    def _settled(self) -> bool:
        return not self._to_send and not self._running and self._stage.board.settled

    def _stuck(self) -> bool:
        """Whatever moves shows in the newest event, a new place or a new scene; so this needs no limit on the whole."""
        board, (since, before) = self._stage.board, self._moved
        newest = board.latest[0].event_id if board.latest else 0
        now = newest, len(self._to_send), len(self._told), sum(order.still_telling for order in board.orders.values())
        if now != before:
            self._moved = self._screen.seconds, now
            return False
        return self._screen.seconds - since > PATIENCE_SECONDS

    def _may_send(self) -> bool:
        if self._play.at_once is None:
            return bool(self._to_send)
        places = self._stage.board.places()
        resting = sum(number for place, number in places.items() if place in RESTING)
        return bool(self._to_send) and self._taken - resting < self._play.at_once

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
            self._told[title] = end.value
            del self._running[title]
        except Unexpected as problem:
            self._problems.append(f"“{title}”: {problem}")
            del self._running[title]

    def _wrong_end(self, body: dict[str, Any]) -> str | None:
        number = body["channel_order_id"]
        seen: Seen | None = self._stage.board.orders.get(number)
        expected = "canceled" if number in self._play.canceled else "completed"
        if seen and seen.status == expected:
            return None
        return f"{number} is {seen.place if seen else 'not there'}, not {expected}"


def _title(act: Act) -> str:
    return act.__name__.replace("_", " ")
