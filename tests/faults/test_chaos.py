"""A process is killed every few seconds while orders come in: each acknowledged order is there once and ends, and
`baton verify` is clean, without a person.

`CHAOS_MINUTES=1 CHAOS_ORDERS=200` is the run of a minute, `CHAOS_MINUTES=10 CHAOS_ORDERS=2000` a long one; `CHAOS_SEED`
kills in another sequence.
"""

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx2
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from commands.keys import create_key
from commands.seed import SHOP, stock_shop
from embedded.services import ROOT
from models.database import Sessions, sessions
from tests.baton import order_body
from tests.faults.chaos import Chaos, Up, up

MINUTES = float(os.environ.get("CHAOS_MINUTES", "0.3"))
ORDERS = int(os.environ.get("CHAOS_ORDERS", "30"))
SEED = int(os.environ.get("CHAOS_SEED", "15"))
CHANNELS = 4
# A step that keeps failing is retried every five minutes.
PATIENCE_SECONDS = 900.0
PACE = MINUTES * 60 / ORDERS * CHANNELS


@pytest.fixture
def stack() -> Iterator[Up]:
    with TemporaryDirectory(prefix="baton-chaos-") as directory, up(Path(directory), step_seconds=0.2) as stack:
        yield stack


@pytest.fixture
def record(stack: Up) -> Sessions:
    engine = create_engine(stack.env["BATON_DATABASE_URL"], pool_pre_ping=True)
    return sessions(engine)


class Shop:
    """Channels that each send an order every `PACE` seconds at most, until it is acknowledged."""

    def __init__(self, stack: Up, key: str) -> None:
        url = f"http://127.0.0.1:{stack.env['BATON_API_PORT']}"
        headers = {"Authorization": f"Bearer {key}"}
        self.api = httpx2.Client(base_url=url, headers=headers, timeout=40, trust_env=False)
        self.acknowledged: dict[str, str] = {}
        self.stack = stack

    def send(self, number: int) -> None:
        body, began = order_body(f"CHAOS-{number}"), time.monotonic()
        while not self._try(body):
            assert time.monotonic() - began < PATIENCE_SECONDS, f"order {number} was never taken"
            time.sleep(0.5)
        time.sleep(max(0.0, PACE - (time.monotonic() - began)))

    def _try(self, body: dict[str, Any]) -> bool:
        try:
            answer = self.api.post("/orders", json=body)
        except httpx2.TransportError:
            return False
        if answer.status_code >= 500:
            assert answer.status_code == 503, self.stack.logged(answer.headers["x-request-id"])
            return False
        assert answer.status_code in (200, 202), answer.text
        self.acknowledged[body["channel_order_id"]] = answer.json()["order_id"]
        return True


def test_every_acknowledged_order_is_there_once_and_ends(stack: Up, record: Sessions) -> None:
    # Given a shop that takes orders
    with record.begin() as session:
        stock_shop(session, SHOP)
    shop, chaos = Shop(stack, create_key(record, "Sun of support", "staff")), Chaos(stack, SEED)

    # When something is killed every few seconds
    sys.stdout.write(f"\nCHAOS_SEED={SEED}\n")
    with ThreadPoolExecutor(CHANNELS + 1) as threads:
        raging = threads.submit(chaos.rage, MINUTES * 60)
        list(threads.map(shop.send, range(ORDERS)))
        raging.result()
    sys.stdout.write("\n".join(chaos.log) + "\n")

    # Then each acknowledged order is there once and ends
    assert until_ended(record) == Counter(completed=ORDERS), stack.tail()
    rows = rows_of(record, "SELECT channel_order_id, order_id FROM orders")
    assert len(rows) == ORDERS
    assert {row.channel_order_id: row.order_id for row in rows} == shop.acknowledged
    assert stack.process.poll() is None, stack.tail()

    # And nothing is wrong in the record
    command = [sys.executable, "-m", "cli", "verify", "--data-dir", str(stack.data_dir)]
    verified = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert verified.returncode == 0, verified.stdout + verified.stderr


def until_ended(record: Sessions) -> Counter[str]:
    """Count the orders by status, once all are completed and all messages are sent, or after PATIENCE_SECONDS."""
    give_up, counted = time.monotonic() + PATIENCE_SECONDS, Counter[str]()
    while time.monotonic() < give_up:
        rows = rows_of(record, "SELECT status, count(*) AS number FROM orders GROUP BY status")
        waiting = rows_of(record, "SELECT 1 FROM messages WHERE sent_at IS NULL LIMIT 1")
        counted = Counter({row.status: row.number for row in rows})
        if counted["completed"] == ORDERS and not waiting:
            break
        time.sleep(2)
    return counted


def rows_of(record: Sessions, sql: str) -> list[Any]:
    """Return the rows, or none while the database restarts."""
    try:
        with record() as session:
            return list(session.execute(text(sql)).all())
    except DBAPIError:
        return []
