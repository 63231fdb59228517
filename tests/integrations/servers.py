"""The simulators, and a receiver of their webhooks in Baton's place, each on a socket of its own."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from standardwebhooks import Webhook

from integrations.http import PartnerHttp
from simulators.app import create_app
from simulators.settings import PARTNERS, SimulatorSettings

SECRET = "whsec_" + "c2ltdWxhdG9ycyBhbmQgYmF0b24="
STEP_SECONDS, UNHURRIED_STEP_SECONDS = 0.05, 0.25
PATIENCE_SECONDS = 5.0

CUSTOMER: dict[str, Any] = {
    "name": "Lin Xia",
    "phone": "+86 138 0013 8000",
    "country": "CN",
    "province": "Zhejiang",
    "lines": ["1 Lake"],
}


@dataclass
class Event:
    """A received webhook."""

    partner: str
    webhook_id: str
    type: str
    data: dict[str, Any]
    at: float = field(default_factory=time.monotonic)


class Receiver:
    """Stands in for Baton's `/webhooks`: keeps rightly signed events, and refuses the next `refuse_next` calls."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.refuse_next = 0
        self.refused = 0
        self.calls = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        content = (await receive())["body"]
        status, self.calls = 503, self.calls + 1
        if self.refuse_next:
            self.refuse_next -= 1
            self.refused += 1
        else:
            headers = {name.decode(): value.decode() for name, value in scope["headers"]}
            body = Webhook(SECRET).verify(content, headers)
            partner = scope["path"].rpartition("/")[2]
            for one in body if isinstance(body, list) else [{"id": headers["webhook-id"], **body}]:
                self.events.append(Event(partner, one["id"], one["type"], one["data"]))
            status = 200
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})

    def about(self, number: str) -> list[Event]:
        """Events whose data contains this number, in order of arrival."""
        return [event for event in list(self.events) if json.dumps(number) in json.dumps(event.data)]

    def wait_for(self, number: str, count: int) -> list[Event]:
        """Wait for the first `count` events about this number; fails after PATIENCE_SECONDS."""
        eventually(lambda: len(self.about(number)) >= count)
        return self.about(number)[:count]

    def wait_for_silence(self, step_seconds: float = STEP_SECONDS) -> None:
        """Wait until no event came for five steps, so that none is still to come."""
        count = -1
        while count != len(self.events):
            count = len(self.events)
            time.sleep(5 * step_seconds)


def eventually(holds: Callable[[], bool]) -> None:
    """Wait until the condition holds; fails after PATIENCE_SECONDS."""
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < give_up_at, "it did not happen in time"
        time.sleep(0.005)


@contextmanager
def serving(app: Any, port: int = 0) -> Iterator[str]:
    """Serve an ASGI app in a thread on loopback and yield its URL."""
    with socket.create_server(("127.0.0.1", port)) as listening:
        config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        eventually(lambda: server.started)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join()


@contextmanager
def simulating(callback_url: str, step_seconds: float) -> Iterator[str]:
    settings = SimulatorSettings(callback_url, step_seconds, dict.fromkeys(PARTNERS, SECRET))
    with serving(create_app(settings)) as address:
        yield address


@contextmanager
def connecting(address: str) -> Iterator[dict[str, PartnerHttp]]:
    """A client for each partner at this address."""
    clients = {name: PartnerHttp(name, f"{address}/{name}", SECRET, timeout_seconds=2.0) for name in PARTNERS}
    yield clients
    for client in clients.values():
        client.close()
