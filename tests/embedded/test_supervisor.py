"""The supervisor of `baton up`: each part is restarted by itself, for as long as its data can be read."""

import os
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from embedded.postgres import EmbeddedPostgres
from embedded.services import Service
from embedded.supervisor import STUCK_AFTER_CHECKS, DataUnreadable, Supervisor
from embedded.temporal_server import data_problem

FAST = {"first_pause": 0.01, "check_every": 0.01, "poll_every": 0.01}


@dataclass
class Lamp:
    """A part that fails as a test wants it."""

    name: str = "lamp"
    running: bool = True
    alive: bool = True
    broken: str | None = None
    failing_starts: int = 0
    starts: int = 0
    may_start: threading.Event = field(default_factory=threading.Event)
    ending: str = "ended with status -9"

    def __post_init__(self) -> None:
        self.may_start.set()

    def start(self) -> None:
        self.may_start.wait()
        self.starts += 1
        if self.starts <= self.failing_starts:
            raise OSError("out of oil")
        self.running = self.alive = True

    def is_ready(self) -> bool:
        return self.running

    def is_alive(self) -> bool:
        return self.alive

    def kill(self) -> None:
        self.running = False

    def data_problem(self) -> str | None:
        return self.broken


@pytest.fixture
def lines() -> list[str]:
    return []


def until(holds: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def test_a_part_that_died_is_restarted(tmp_path: Path, lines: list[str]) -> None:
    # given a process that is watched
    lamp = Service("lamp", [sys.executable, "-c", "import time; time.sleep(60)"], data_dir=tmp_path)
    lamp.start()
    assert lamp.process
    first = lamp.process.pid

    # when it is killed
    with Supervisor([lamp], lines.append, **FAST):
        os.kill(first, signal.SIGKILL)
        until(lambda: "lamp is back" in lines)

    # then another one runs
    assert lamp.running
    assert lamp.process.pid != first
    assert lines == ["lamp ended with status -9; it starts again in 0.01 s", "lamp is back"]
    lamp.kill()


def test_a_part_that_cannot_start_is_retried_after_longer_and_longer_pauses(lines: list[str]) -> None:
    lamp = Lamp(failing_starts=7)
    with Supervisor([lamp], lines.append, **(FAST | {"first_pause": 0.001})):
        lamp.running = False
        until(lambda: lamp.running)
    assert [line.rpartition(" in ")[2] for line in lines[:4]] == ["0.001 s", "0.002 s", "0.004 s", "0.008 s"]
    assert "out of oil" in lines[1]


def test_a_running_part_that_does_not_answer_is_restarted(lines: list[str]) -> None:
    lamp = Lamp()
    with Supervisor([lamp], lines.append, **FAST):
        lamp.alive = False
        until(lambda: lamp.starts == 1)
    assert lines[0] == f"lamp did not answer {STUCK_AFTER_CHECKS} times in a row; it starts again in 0.01 s"


def test_a_part_is_restarted_while_another_takes_its_time(lines: list[str]) -> None:
    # given two parts that died, of which one takes its time to start
    slow, lamp = Lamp("slow"), Lamp()
    slow.may_start.clear()
    with Supervisor([slow, lamp], lines.append, **FAST):
        slow.running = lamp.running = False

        # then the other is back meanwhile
        until(lambda: lamp.running)
        assert not slow.running
        slow.may_start.set()


def test_a_part_that_ran_for_a_while_is_restarted_after_the_shortest_pause(
    lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("embedded.supervisor.STABLE_AFTER_SECONDS", 0.0)
    lamp = Lamp()
    with Supervisor([lamp], lines.append, **FAST):
        for number in range(3):
            lamp.running = False
            until(lambda number=number: lines.count("lamp is back") > number)
    assert lines[::2] == ["lamp ended with status -9; it starts again in 0.01 s"] * 3


def test_unreadable_data_ends_the_supervisor_and_says_why(lines: list[str]) -> None:
    lamp = Lamp(broken="the wick is gone")
    with Supervisor([lamp], lines.append, **FAST) as supervisor:
        lamp.running = False
        with pytest.raises(DataUnreadable, match=r"lamp ended with status -9 and cannot come back: the wick is gone"):
            supervisor.wait()
    assert lamp.starts == 0


def test_nothing_is_restarted_after_the_block(lines: list[str]) -> None:
    lamp = Lamp()
    with Supervisor([lamp], lines.append, **FAST):
        pass
    lamp.running = False
    time.sleep(0.1)
    assert lamp.starts == 0


@pytest.fixture
def server(place: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(place)
    server.start()
    yield server
    server.kill()


def test_postgresql_is_restarted_when_it_was_killed_and_when_it_is_stuck(
    server: EmbeddedPostgres, lines: list[str]
) -> None:
    fast = {"first_pause": 0.01, "check_every": 0.05, "poll_every": 0.05}
    with Supervisor([server], lines.append, **fast):
        # when all of it is killed
        server.kill()
        until(lambda: "postgres is back" in lines)
        assert server.is_ready()

        # and when it is stuck
        lines.clear()
        for process in server._processes():
            process.suspend()
        # Each check waits ten seconds.
        until(lambda: "postgres is back" in lines, seconds=120)
    assert server.is_ready()
    assert lines[0].startswith("postgres did not answer")


def test_postgresql_says_why_its_data_cannot_be_read(server: EmbeddedPostgres) -> None:
    assert server.data_problem() is None
    server.kill()
    version = server.directory / "PG_VERSION"
    version.write_text("9\n")
    assert server.data_problem() == f"{server.directory} was made by PostgreSQL 9; this is 18"
    version.write_text("18\n")
    (server.directory / "global" / "pg_control").unlink()
    assert "pg_control" in (server.data_problem() or "")
    version.unlink()
    assert "No such file" in (server.data_problem() or "")


def test_temporal_says_why_its_data_cannot_be_read(tmp_path: Path) -> None:
    file = tmp_path / "temporal.db"
    assert data_problem(file) == f"{file} is gone"
    connection = sqlite3.connect(file)
    connection.execute("CREATE TABLE orders (id INT)")
    connection.close()
    assert data_problem(file) is None
    file.write_bytes(b"something else" * 100)
    assert "not a database" in (data_problem(file) or "")
