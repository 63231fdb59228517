"""A whole Baton in processes of its own, as `baton up` runs it; tests use, kill and check it from outside."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx2
from sqlalchemy import create_engine, text

from commands.keys import create_key
from commands.seed import SHOP, stock_shop
from commands.verify import verify
from embedded.stack import Stack
from models.database import Sessions, sessions
from models.vault import Vault
from tests.baton import order_body

PATIENCE_SECONDS = 120.0
TESTS = "tests"
"""The application name of our own connections to the database."""
EXTRA_ENV = {
    # Subscribers in tests have a private address.
    "BATON_SUBSCRIPTIONS_PRIVATE": "true",
    # The simulators keep nothing: work that one had accepted when it was killed must be sent again.
    "BATON_INQUIRIES__WMS": "PT20S",
    "BATON_INQUIRIES__TMS": "PT20S",
}
_numbers = count(1)


@dataclass(frozen=True)
class RunningStack:
    embedded: Stack
    record: Sessions
    api: httpx2.Client
    simulators: httpx2.Client

    def place(self, name: str, **changes: Any) -> str:
        """Place an order as a channel would, and return its id. `changes` replace fields of the body."""
        response = self.api.post("/orders", json=order_body(f"{name}-{next(_numbers)}", **changes))
        assert response.status_code == 202, response.text
        return str(response.json()["order_id"])

    def place_many(self, name: str, number: int, **changes: Any) -> list[str]:
        return [self.place(name, **changes) for _ in range(number)]

    def rows(self, sql: str, **values: Any) -> Sequence[Any]:
        with self.record() as session:
            return session.execute(text(sql), values).all()

    def until(self, what: str, holds: Callable[[], Any], seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until `holds` is true; fail after `seconds`."""
        give_up = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < give_up, f"{what} did not happen in {seconds:g} s"
            time.sleep(0.05)

    def until_event(self, event: str, orders: Sequence[str], times: int = 1) -> None:
        """Wait until these orders have `times` events of this type in all."""
        sql = "SELECT count(*) FROM order_events WHERE type = :event AND order_id = ANY(:orders)"
        self.until(f"{times} times {event}", lambda: self.rows(sql, event=event, orders=list(orders))[0].count >= times)

    def until_ended(self, orders: Sequence[str], status: str = "completed", seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until each order has ended with the status and all messages about it have been taken."""
        sql = """
            SELECT order_id, status, attention, (SELECT count(*) FROM messages
                WHERE messages.order_id = orders.order_id AND sent_at IS NULL) AS waiting
            FROM orders WHERE order_id = ANY(:orders) AND NOT (status = :status AND NOT EXISTS (
                SELECT FROM messages WHERE messages.order_id = orders.order_id AND sent_at IS NULL))"""
        give_up = time.monotonic() + seconds
        while missing := self.rows(sql, orders=list(orders), status=status):
            assert time.monotonic() < give_up, f"{len(missing)} of {len(orders)} are not {status}: {missing[:5]}"
            time.sleep(0.25)

    def kill(self, service: str) -> None:
        """Kill a service without warning."""
        self.embedded.service(service).kill()

    def start(self, service: str) -> None:
        """Start a service, and wait until it is ready."""
        self.embedded.service(service).start()
        self.embedded.service(service).wait_ready()

    def verify(self) -> None:
        """Assert that `baton verify` finds nothing wrong."""
        report = verify(self.record)
        assert report.clean, [result.line.plain for result in report.results if result.wrong]


@contextmanager
def run_stack(step_seconds: float, workers: int) -> Iterator[RunningStack]:
    """Run Baton on free ports, with a stocked shop and a key for staff."""
    # Not in pytest's folder: as root, its next session would close it to the account of PostgreSQL.
    with (
        TemporaryDirectory(prefix="baton-") as directory,
        Stack(Path(directory), step_seconds=step_seconds, worker_processes=workers, extra_env=EXTRA_ENV) as stack,
    ):
        # Tests restart the database and cut connections, so each connection is checked before use.
        ours = {"application_name": TESTS}
        engine = create_engine(stack.env["BATON_DATABASE_URL"], pool_pre_ping=True, connect_args=ours)
        record = sessions(engine, Vault(stack.env["BATON_SECRETS_KEY"]))
        with record.begin() as session:
            stock_shop(session, SHOP)
        headers = {"Authorization": f"Bearer {create_key(record, 'Sun of support', 'staff')}"}
        with (
            httpx2.Client(base_url=stack.api_url, headers=headers, timeout=40, trust_env=False) as api,
            httpx2.Client(base_url=stack.simulators_url, timeout=30, trust_env=False) as simulators,
        ):
            yield RunningStack(stack, record, api, simulators)
        engine.dispose()
