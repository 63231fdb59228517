"""What the demo's scenes act with: the API by the keys of channels and staff, the simulators, and the board."""

from collections.abc import Callable, Generator, Mapping
from typing import Any

import httpx2

from commands.demo.board import Board, Seen, look
from models.database import Sessions

Scene = Generator[None, None, str]
"""Gives way while it waits, and returns what happened in plain words, or raises Unexpected."""


class Unexpected(Exception):
    """Something did not go as the demo says it goes."""


def expect(true: bool, otherwise: str) -> None:
    """Raises Unexpected with `otherwise` unless it is so."""
    if not true:
        raise Unexpected(otherwise)


class Stage:
    """`keys` are those of each channel and of `staff`; `say` tells people what is being done."""

    def __init__(
        self, api_url: str, simulators_url: str, keys: Mapping[str, str], record: Sessions, say: Callable[[str], None]
    ) -> None:
        self._callers = {
            name: httpx2.Client(
                base_url=api_url, headers={"Authorization": f"Bearer {key}"}, timeout=30, trust_env=False
            )
            for name, key in keys.items()
        }
        self._simulators = httpx2.Client(base_url=simulators_url, timeout=30, trust_env=False)
        self._record = record
        self.say = say
        self.board = Board({}, [])
        self.bodies: dict[str, dict[str, Any]] = {}

    def close(self) -> None:
        for client in (*self._callers.values(), self._simulators):
            client.close()

    def look(self) -> Board:
        """Look at the board again."""
        self.board = look(self._record)
        return self.board

    def place(self, body: dict[str, Any]) -> httpx2.Response:
        """Send an order with its channel's key."""
        self.bodies[body["channel_order_id"]] = body
        answer = self._callers[body["channel"]].post("/orders", json=body)
        expect(answer.is_success, f"{body['channel_order_id']} was not taken: {answer.status_code} {answer.text}")
        return answer

    def ask(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Staff ask the API to do something, and the answer is shown."""
        answer = self._callers["staff"].post(path, json=body)
        told: dict[str, Any] = answer.json()
        shown = ", ".join(
            f"{name}: {value}" for name, value in told.items() if name not in ("links", "type", "instance")
        )
        self.say(f"POST {path} → {answer.status_code} {shown}")
        expect(answer.is_success, f"POST {path} was answered with {answer.status_code} {answer.text}")
        return told

    def read(self, path: str) -> dict[str, Any] | None:
        """What staff read at a path of the API, or None when there is nothing."""
        answer = self._callers["staff"].get(path)
        if answer.status_code == 404:
            return None
        expect(answer.is_success, f"GET {path} was answered with {answer.status_code} {answer.text}")
        found: dict[str, Any] = answer.json()
        return found

    def order(self, number: str) -> dict[str, Any]:
        """An order that is on the board, in full."""
        found = self.read(f"/orders/{self.board.orders[number].order_id}")
        expect(found is not None, f"{number} is not found by its id")
        return found or {}

    def events(self, number: str) -> list[dict[str, Any]]:
        """Everything that happened to an order, oldest first."""
        found = self.read(f"/orders/{self.board.orders[number].order_id}/events?limit=200") or {}
        return list(found["items"])

    def poke(self, path: str, body: Mapping[str, Any]) -> None:
        """Have a simulator do something."""
        answer = self._simulators.post(path, json=body)
        expect(answer.is_success, f"the simulator answered {answer.status_code} {answer.text} at {path}")

    def peek(self, path: str) -> dict[str, Any]:
        """What a simulator knows."""
        found: dict[str, Any] = self._simulators.get(path).json()
        return found

    def until(self, number: str, condition: Callable[[Seen], bool]) -> Generator[None, None, Seen]:
        """Give way until the order is there and the condition holds."""
        while not ((seen := self.board.orders.get(number)) and condition(seen)):
            yield
        return seen

    def ended(self, number: str, status: str = "completed") -> Generator[None, None, dict[str, Any]]:
        """Give way until the order has ended, and answer it in full. Raises Unexpected when it ended otherwise."""
        seen = yield from self.until(number, lambda order: order.ended)
        expect(seen.status == status, f"{number} is {seen.status}, not {status}")
        return self.order(number)
