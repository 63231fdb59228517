"""What the scenes of the demo use: the API with the keys of channels and staff, the simulators, and the board."""

import json
from collections.abc import Callable, Collection, Generator, Mapping
from typing import Any

import httpx2

from commands.demo.accounts import Account
from commands.demo.board import Board, OrderView, read_board
from models.database import Sessions

Scene = Generator[None, None, str]
"""Yields while it waits, and returns what happened in plain words, or raises Unexpected."""


class Unexpected(Exception):
    """Something went otherwise than the demo says."""


def expect(holds: bool, otherwise: str) -> None:
    """Raise Unexpected with the message `otherwise` unless `holds`."""
    if not holds:
        raise Unexpected(otherwise)


class Stage:
    """`keys` has a key for each channel and for `staff`, `accounts` those of channels that send webhooks; `say` shows
    people what is being done."""

    def __init__(
        self,
        api_url: str,
        simulators_url: str,
        keys: Mapping[str, str],
        accounts: Mapping[str, Account],
        record: Sessions,
        say: Callable[[str], None],
    ) -> None:
        self._callers = {
            name: httpx2.Client(
                base_url=api_url, headers={"Authorization": f"Bearer {key}"}, timeout=30, trust_env=False
            )
            for name, key in keys.items()
        }
        self._simulators = httpx2.Client(base_url=simulators_url, timeout=30, trust_env=False)
        self._webhooks = httpx2.Client(base_url=api_url, timeout=30, trust_env=False)
        self._accounts = accounts
        self._record = record
        self.say = say
        self.board = Board({}, [])
        self.bodies: dict[str, dict[str, Any]] = {}

    def close(self) -> None:
        for client in (*self._callers.values(), self._simulators, self._webhooks):
            client.close()

    def look(self) -> Board:
        """Read the board again."""
        self.board = read_board(self._record)
        return self.board

    def place(self, body: dict[str, Any]) -> httpx2.Response:
        """Send an order with its channel's key."""
        self.bodies[body["channel_order_id"]] = body
        answer = self._callers[body["channel"]].post("/orders", json=body)
        expect(answer.is_success, f"{body['channel_order_id']} was not taken: {answer.status_code} {answer.text}")
        return answer

    def push(self, channel: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Send a webhook of a channel, signed with its secret, and return the answer."""
        raw, account = json.dumps(body).encode(), self._accounts[channel]
        answer = self._webhooks.post(f"/channels/{channel}/webhooks", content=raw, headers=account.sign(raw))
        expect(answer.is_success, f"the webhook of {channel} was answered with {answer.status_code} {answer.text}")
        fields: dict[str, Any] = answer.json()
        return fields

    def ask(
        self, path: str, body: Mapping[str, Any] | None = None, show: Collection[str] | None = None
    ) -> dict[str, Any]:
        """Post to the API as staff, show the answer, or what of it `show` names, and return it. Raises Unexpected if it
        is an error."""
        answer = self._callers["staff"].post(path, json=body)
        fields: dict[str, Any] = answer.json()
        shown = ", ".join(
            f"{name}: {value}"
            for name, value in fields.items()
            if name not in ("links", "type", "instance") and (show is None or name in show)
        )
        self.say(f"POST {path} → {answer.status_code} {shown}")
        expect(answer.is_success, f"POST {path} was answered with {answer.status_code} {answer.text}")
        return fields

    def read(self, path: str) -> dict[str, Any] | None:
        """Get a path of the API as staff; None if it does not exist."""
        answer = self._callers["staff"].get(path)
        if answer.status_code == 404:
            return None
        expect(answer.is_success, f"GET {path} was answered with {answer.status_code} {answer.text}")
        found: dict[str, Any] = answer.json()
        return found

    def order(self, number: str) -> dict[str, Any]:
        """Return an order of the board in full."""
        found = self.read(f"/orders/{self.board.orders[number].order_id}")
        expect(found is not None, f"{number} is not found by its id")
        return found or {}

    def events(self, number: str) -> list[dict[str, Any]]:
        """Return the events of an order, oldest first."""
        found = self.read(f"/orders/{self.board.orders[number].order_id}/events?limit=200") or {}
        return list(found["items"])

    def poke(self, path: str, body: Mapping[str, Any]) -> None:
        """Make a simulator do something."""
        answer = self._simulators.post(path, json=body)
        expect(answer.is_success, f"the simulator answered {answer.status_code} {answer.text} at {path}")

    def peek(self, path: str) -> dict[str, Any]:
        """Return what a simulator knows."""
        found: dict[str, Any] = self._simulators.get(path).json()
        return found

    def until(self, number: str, condition: Callable[[OrderView], bool]) -> Generator[None, None, OrderView]:
        """Yield until the order is on the board and the condition holds; return the order."""
        while not ((seen := self.board.orders.get(number)) and condition(seen)):
            yield
        return seen

    def ended(self, number: str, status: str = "completed") -> Generator[None, None, dict[str, Any]]:
        """Yield until the order has ended, and return it in full. Raise Unexpected if it has another status."""
        seen = yield from self.until(number, lambda order: order.ended)
        expect(seen.status == status, f"{number} is {seen.status}, not {status}")
        return self.order(number)

    def case_closed(self, return_id: str) -> Generator[None, None, dict[str, Any]]:
        """Yield until the return case has ended, show it and return it. Raise Unexpected if it was not closed."""
        path = f"/returns/{return_id}"
        while not ((found := self.read(path)) and found["status"] in ("closed", "rejected", "expired")):
            yield
        refund = f", refund: {found['refund']} {found['currency']}" if found["refund"] else ""
        self.say(f"GET {path} → status: {found['status']}{refund}")
        expect(found["status"] == "closed", f"the return is {found['status']}: {found['refusal']}")
        return found
