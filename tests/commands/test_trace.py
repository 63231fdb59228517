"""`baton trace`, as an operator runs it: it names every wrong fact, and exits with 1 if there is one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from models.database import Sessions
from record import journal
from record.trail.sealing import Sealing
from tests.factories import an_order, place_orders
from tests.integrations.servers import SECRET

ROOT = Path(__file__).parents[2]


@pytest.fixture
def order_id(sessions: Sessions) -> str:
    """An order with two facts in its log, sealed."""
    order_id = place_orders(sessions, [an_order(channel_order_id="TM-TRACED")])[0]
    with sessions.begin() as session:
        journal.append_fact(session, order_id, "order.accepted", "accepted", {"units": 2})
        journal.append_fact(session, order_id, "order.completed", "ended", {"reason": "[everything] was delivered"})
    Sealing(sessions).run()
    return order_id


def trace(database_url: str, directory: Path, *words: str) -> tuple[int, str]:
    """The exit code and the output of `baton trace`."""
    secrets = {f"BATON_{name}__{what}": SECRET for name in PARTNERS for what in ("URL", "SECRET")}
    env = {**os.environ, **secrets, "BATON_DATABASE_URL": database_url, "PYTHONPATH": str(ROOT), "COLUMNS": "300"}
    command = [sys.executable, "-m", "cli", "trace", *words]
    done = subprocess.run(command, env=env, cwd=directory, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout + done.stderr


PARTNERS = ("WMS", "TMS", "PAYMENTS", "ERP", "CRM", "CHANNEL", "INBOX")


def test_the_log_of_an_order_is_shown_with_its_proof(database_url: str, order_id: str, tmp_path: Path) -> None:
    code, output = trace(database_url, tmp_path, "TM-TRACED")

    assert code == 0, output
    assert "order.accepted  baton" in output
    assert "[everything] was delivered" in output
    assert "2 facts sealed, in one chain" in output


def test_a_tampered_row_is_named(database_url: str, sessions: Sessions, order_id: str, tmp_path: Path) -> None:
    # given a fact that was changed by hand
    with sessions.begin() as session:
        session.execute(text("SET LOCAL session_replication_role = replica"))
        changed = "UPDATE order_events SET data = '{}' WHERE type = 'order.accepted' RETURNING event_id"
        event_id = session.scalar(text(changed))

    # when all logs are verified
    code, output = trace(database_url, tmp_path, "--verify")

    # then the fact is named
    assert code == 1
    assert f"{order_id}: fact {event_id} was changed or moved" in output
    assert "2 facts, no key, so no signature was looked at: 1 wrong" in output
