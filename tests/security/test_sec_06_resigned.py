"""D21: write access to the database allows neither changing the log nor signing a rewritten one (sec_06)."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import ProgrammingError

from integrations.http import PartnerHttp
from models.database import Sessions
from models.database import sessions as open_sessions
from models.grants import LOGS, grant_to
from record import journal
from record.trail.anchors import AnchorFile, AnchorHttp, Resigned
from record.trail.days import Days
from record.trail.proving import links, signed_days
from record.trail.sealing import Sealing
from tests.factories import an_order, place_orders
from tests.integrations.servers import SECRET
from tests.record.receiver import Reply, receiving

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
YESTERDAY = datetime.now(UTC).date() - timedelta(days=1)
WITHOUT_TRIGGERS = "SET LOCAL session_replication_role = replica"


@pytest.fixture
def file(tmp_path: Path) -> AnchorFile:
    return AnchorFile(tmp_path / "trace-anchors.jsonl")


@pytest.fixture
def signed(sessions: Sessions, file: AnchorFile) -> str:
    """An order whose events happened yesterday; that day is signed and anchored."""
    order_id = place_orders(sessions, [an_order()])[0]
    with sessions.begin() as session:
        for event in ("payment.captured", "order.completed"):
            journal.append_fact(session, order_id, event, event, {"amount": "388.60"})
    Sealing(sessions).run()
    run_as_superuser(sessions, "UPDATE event_seals SET sealed_at = sealed_at - interval '1 day'")
    assert Days(sessions, KEY, [file]).close() == 1
    return order_id


def run_as_superuser(sessions: Sessions, *statements: str) -> None:
    """Run statements as a superuser, whom triggers do not stop."""
    with sessions.begin() as session:
        for statement in (WITHOUT_TRIGGERS, *statements):
            session.execute(text(statement))


def rewrite(sessions: Sessions, *more: str) -> None:
    """Change a fact and recompute everything that follows from it, without the signing key."""
    changed = "UPDATE order_events SET data = '{\"amount\": \"1.00\"}' WHERE type = 'payment.captured'"
    run_as_superuser(sessions, changed, "DELETE FROM event_seals", "DELETE FROM sealing", *more)
    Sealing(sessions).run()
    run_as_superuser(sessions, "UPDATE event_seals SET sealed_at = sealed_at - interval '1 day'")


def faults(sessions: Sessions, file: AnchorFile) -> list[str]:
    with sessions() as session:
        chains = [link.fault for link in links(session) if link.fault]
        days = [fault for day in signed_days(session, KEY.public_key(), file.read()) for fault in day.faults]
    return chains + days


def test_a_signed_and_anchored_day_has_no_faults(sessions: Sessions, signed: str, file: AnchorFile) -> None:
    assert faults(sessions, file) == []
    assert list(file.read()) == [YESTERDAY]


def test_a_rewritten_day_is_not_signed_again(sessions: Sessions, signed: str, file: AnchorFile) -> None:
    # when the log is rewritten, the signed day removed, and a worker starts again
    rewrite(sessions, "DELETE FROM trace_leaves", "DELETE FROM trace_roots")
    with pytest.raises(Resigned, match=str(YESTERDAY)):
        Days(sessions, KEY, [file]).close()

    # then the missing root shows the forgery
    assert faults(sessions, file) == [f"{YESTERDAY} was signed and anchored, and its root is gone"]


def test_a_rewritten_day_signed_without_the_anchor_file_is_found(
    sessions: Sessions, signed: str, file: AnchorFile
) -> None:
    # when a worker that does not know the anchor file signs the rewritten day with the right key
    rewrite(sessions, "DELETE FROM trace_leaves", "DELETE FROM trace_roots")
    assert Days(sessions, KEY).close() == 1

    # then
    assert faults(sessions, file) == [f"{YESTERDAY} was anchored with another root"]


def test_an_interrupted_signing_is_completed_with_the_anchored_root(
    sessions: Sessions, signed: str, file: AnchorFile
) -> None:
    # given a crash after the anchor was written and before the root was stored
    run_as_superuser(sessions, "DELETE FROM trace_roots")

    # when / then
    assert Days(sessions, KEY, [file]).close() == 1
    assert faults(sessions, file) == []


def test_a_half_written_anchor_line_is_ignored(
    sessions: Sessions, signed: str, tmp_path: Path, file: AnchorFile
) -> None:
    # given
    path = tmp_path / "trace-anchors.jsonl"
    with path.open("a") as out:
        out.write('{"day": "2026-01-')
    run_as_superuser(sessions, "DELETE FROM trace_roots")

    # when
    known = file.read()
    Days(sessions, KEY, [file]).close()

    # then
    assert file.read() == known
    assert path.stat().st_mode & 0o077 == 0


def test_a_remote_anchor_gets_each_root_and_may_refuse_one(sessions: Sessions, signed: str) -> None:
    # given a keeper that takes the first root of a day and refuses another one
    run_as_superuser(sessions, "DELETE FROM trace_roots")
    with receiving() as (receiver, url):
        receiver.replies = [Reply(200, body="{}"), Reply(409, body='{"code": "another-root", "detail": "it was 00ff"}')]
        keeper = AnchorHttp(PartnerHttp("trace anchor", url, SECRET))

        # when the day is signed, and signed once more
        assert Days(sessions, KEY, [keeper]).close() == 1
        run_as_superuser(sessions, "DELETE FROM trace_roots")
        with pytest.raises(Resigned):
            Days(sessions, KEY, [keeper]).close()

    # then the second one does not count
    headers, body = receiver.came[0]
    assert headers["idempotency-key"] == f"trace-root:{YESTERDAY}"
    assert json.loads(body)["day"] == YESTERDAY.isoformat()
    with sessions() as session:
        assert session.scalar(text("SELECT count(*) FROM trace_roots")) == 0


@pytest.mark.parametrize("log", LOGS)
@pytest.mark.parametrize("statement", ["UPDATE {0} SET order_id = order_id", "DELETE FROM {0}", "TRUNCATE {0} CASCADE"])
def test_the_log_can_only_grow(sessions: Sessions, signed: str, log: str, statement: str) -> None:
    statement = statement.replace("order_id", "orders") if log == "trace_roots" else statement

    with pytest.raises(ProgrammingError, match="only grows"), sessions.begin() as session:
        session.execute(text(statement.format(log)))


@pytest.fixture
def runtime(engine: Engine) -> Iterator[Sessions]:
    """Sessions of the database role that API and workers run as."""
    with open_sessions(engine).begin() as session:
        session.execute(text("DROP ROLE IF EXISTS baton_runs"))
        session.execute(text("CREATE ROLE baton_runs LOGIN"))
        grant_to(session, "baton_runs")
    running = create_engine(engine.url.set(username="baton_runs"))
    yield open_sessions(running)
    running.dispose()
    with open_sessions(engine).begin() as session:
        session.execute(text("DROP OWNED BY baton_runs"))
        session.execute(text("DROP ROLE baton_runs"))


def test_the_runtime_role_can_write_the_log_but_not_rewrite_it(runtime: Sessions, file: AnchorFile) -> None:
    # given that the role can do all work of a day
    order_id = place_orders(runtime, [an_order()])[0]
    with runtime.begin() as session:
        journal.append_fact(session, order_id, "order.completed", "ended", {})
    Sealing(runtime).run()
    assert Days(runtime, KEY, [file]).close() == 0

    # when / then
    for statement in (
        *(f"DELETE FROM {log}" for log in LOGS),
        "ALTER TABLE order_events DISABLE TRIGGER only_grows",
        "DROP TRIGGER only_grows ON event_seals",
        "SET session_replication_role = replica",
    ):
        with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"), runtime.begin() as session:
            session.execute(text(statement))
