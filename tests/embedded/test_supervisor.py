"""What `baton up` keeps running: each part comes back by itself, for as long as its data can be read."""

import os
import signal
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from embedded.postgres import EmbeddedPostgres
from embedded.services import Service
from embedded.supervisor import STUCK_AFTER_ASKS, DataUnreadable, Supervisor
from embedded.temporal_server import unreadable

QUICK = {"first_pause": 0.01, "ask_every": 0.01, "look_every": 0.01}


@dataclass
class Lamp:
    """A part that does what it is told."""

    name: str = "lamp"
    running: bool = True
    alive: bool = True
    broken: str | None = None
    starts_in_vain: int = 0
    starts: int = 0
    may_start: threading.Event = field(default_factory=threading.Event)
    ending: str = "ended with status -9"

    def __post_init__(self) -> None:
        self.may_start.set()

    def start(self) -> None:
        self.may_start.wait()
        self.starts += 1
        if self.starts <= self.starts_in_vain:
            raise OSError("out of oil")
        self.running = self.alive = True

    def is_ready(self) -> bool:
        return self.running

    def is_alive(self) -> bool:
        return self.alive

    def kill(self) -> None:
        self.running = False

    def unreadable(self) -> str | None:
        return self.broken


@pytest.fixture
def told() -> list[str]:
    return []


def until(holds: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def test_a_part_that_died_is_started_again(tmp_path: Path, told: list[str]) -> None:
    # given a process that is watched
    lamp = Service("lamp", [sys.executable, "-c", "import time; time.sleep(60)"], data_dir=tmp_path)
    lamp.start()
    assert lamp.process
    first = lamp.process.pid

    # when it is killed
    with Supervisor([lamp], told.append, **QUICK):
        os.kill(first, signal.SIGKILL)
        until(lambda: "lamp is back" in told)

    # then another one runs
    assert lamp.running
    assert lamp.process.pid != first
    assert told == ["lamp ended with status -9; it starts again in 0.01 s", "lamp is back"]
    lamp.kill()


def test_a_part_that_cannot_start_yet_is_tried_on_and_on_with_longer_pauses(told: list[str]) -> None:
    lamp = Lamp(starts_in_vain=7)
    with Supervisor([lamp], told.append, **(QUICK | {"first_pause": 0.001})):
        lamp.running = False
        until(lambda: lamp.running)
    assert [line.rpartition(" in ")[2] for line in told[:4]] == ["0.001 s", "0.002 s", "0.004 s", "0.008 s"]
    assert "out of oil" in told[1]


def test_a_part_that_runs_and_says_nothing_is_started_again(told: list[str]) -> None:
    lamp = Lamp()
    with Supervisor([lamp], told.append, **QUICK):
        lamp.alive = False
        until(lambda: lamp.starts == 1)
    assert told[0] == f"lamp did not answer {STUCK_AFTER_ASKS} times in a row; it starts again in 0.01 s"


def test_no_part_waits_for_another(told: list[str]) -> None:
    # given two parts that died, of which one takes its time to start
    slow, lamp = Lamp("slow"), Lamp()
    slow.may_start.clear()
    with Supervisor([slow, lamp], told.append, **QUICK):
        slow.running = lamp.running = False

        # then the other is back meanwhile
        until(lambda: lamp.running)
        assert not slow.running
        slow.may_start.set()


def test_a_part_that_was_well_for_a_while_begins_with_the_shortest_pause(
    told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("embedded.supervisor.FORGIVEN_AFTER_SECONDS", 0.0)
    lamp = Lamp()
    with Supervisor([lamp], told.append, **QUICK):
        for number in range(3):
            lamp.running = False
            until(lambda number=number: told.count("lamp is back") > number)
    assert told[::2] == ["lamp ended with status -9; it starts again in 0.01 s"] * 3


def test_data_that_cannot_be_read_end_it_and_say_why(told: list[str]) -> None:
    lamp = Lamp(broken="the wick is gone")
    with Supervisor([lamp], told.append, **QUICK) as supervisor:
        lamp.running = False
        with pytest.raises(DataUnreadable, match=r"lamp ended with status -9 and cannot come back: the wick is gone"):
            supervisor.wait()
    assert lamp.starts == 0


def test_nothing_is_started_any_more_when_everything_ends(told: list[str]) -> None:
    lamp = Lamp()
    with Supervisor([lamp], told.append, **QUICK):
        pass
    lamp.running = False
    time.sleep(0.1)
    assert lamp.starts == 0


@pytest.fixture
def server() -> Iterator[EmbeddedPostgres]:
    with tempfile.TemporaryDirectory(prefix="baton-tests-", ignore_cleanup_errors=True) as directory:
        server = EmbeddedPostgres(Path(directory))
        server.start()
        yield server
        server.kill()


def test_postgresql_comes_back_when_it_was_killed_and_when_it_stands_still(
    server: EmbeddedPostgres, told: list[str]
) -> None:
    quick = {"first_pause": 0.01, "ask_every": 0.05, "look_every": 0.05}
    with Supervisor([server], told.append, **quick):
        # when all of it is killed
        server.kill()
        until(lambda: "postgres is back" in told)
        assert server.is_ready()

        # and when it stands still
        told.clear()
        for process in server._processes():
            process.suspend()
        # Each question waits ten seconds.
        until(lambda: "postgres is back" in told, seconds=120)
    assert server.is_ready()
    assert told[0].startswith("postgres did not answer")


def test_postgresql_says_why_its_data_cannot_be_read(server: EmbeddedPostgres) -> None:
    assert server.unreadable() is None
    server.kill()
    version = server.directory / "PG_VERSION"
    version.write_text("9\n")
    assert server.unreadable() == f"{server.directory} was made by PostgreSQL 9; this is 18"
    version.write_text("18\n")
    (server.directory / "global" / "pg_control").unlink()
    assert "pg_control" in (server.unreadable() or "")
    version.unlink()
    assert "No such file" in (server.unreadable() or "")


def test_temporal_says_why_its_data_cannot_be_read(tmp_path: Path) -> None:
    file = tmp_path / "temporal.db"
    assert unreadable(file) == f"{file} is gone"
    connection = sqlite3.connect(file)
    connection.execute("CREATE TABLE orders (id INT)")
    connection.close()
    assert unreadable(file) is None
    file.write_bytes(b"something else" * 100)
    assert "not a database" in (unreadable(file) or "")
