"""Child processes: when they are ready, how they end, and what a failure shows."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from embedded.processes import end_leftovers, note_process
from embedded.services import ROOT, Service, ServiceError

MakeService = Callable[..., Service]


@pytest.fixture
def service(tmp_path: Path) -> Iterator[MakeService]:
    made = []

    def make(script: str, **options: str) -> Service:
        made.append(Service("lamp", [sys.executable, "-c", script], data_dir=tmp_path, **options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for one in made:
        one.kill()


def wait_until(true: Callable[[], bool], seconds: float = 5) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def test_a_service_is_ready_when_its_log_has_the_line(service: MakeService) -> None:
    lamp = service("import time; time.sleep(0.2); print('lamp ready'); time.sleep(60)", ready_line="lamp ready")

    lamp.start()
    lamp.wait_ready(10)

    assert "lamp ready" in lamp.log.read_text()


def test_a_service_is_ready_when_it_answers_200(service: MakeService) -> None:
    # given a server that answers 503 for a while
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    script = (
        "import sys, http.server, pathlib\n"
        "class Lamp(http.server.BaseHTTPRequestHandler):\n"
        "    asked = 0\n"
        "    def do_GET(self):\n"
        "        Lamp.asked += 1\n"
        "        self.send_response(200 if Lamp.asked > 2 else 503)\n"
        "        self.end_headers()\n"
        f"http.server.HTTPServer(('127.0.0.1', {port}), Lamp).serve_forever()\n"
    )
    lamp = service(script, health_url=f"http://127.0.0.1:{port}/readyz")

    # when we wait
    lamp.start()
    lamp.wait_ready(10)

    # then it was asked until it answered 200
    assert lamp.log.read_text().count("GET /readyz") >= 3


def test_a_service_that_dies_shows_the_end_of_its_log(service: MakeService) -> None:
    lamp = service("print('out of oil'); raise SystemExit(3)", ready_line="lamp ready")
    lamp.start()

    with pytest.raises(ServiceError, match=r"lamp ended with status 3 [^$]*lamp\.log[^$]*out of oil"):
        lamp.wait_ready(10)


def test_a_late_service_is_an_error(service: MakeService) -> None:
    lamp = service("import time; time.sleep(60)", ready_line="lamp ready")
    lamp.start()

    with pytest.raises(ServiceError, match=r"not ready after 0\.2 s"):
        lamp.wait_ready(0.2)


def test_a_service_that_ignores_sigterm_is_killed(service: MakeService) -> None:
    # given a process that ignores the request to end
    lamp = service(
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('lamp ready'); time.sleep(60)",
        ready_line="lamp ready",
    )
    lamp.start()
    lamp.wait_ready(10)

    # when it is stopped, twice
    lamp.stop(grace_seconds=0.2)
    lamp.stop()

    # then it is gone
    assert lamp.status == -signal.SIGKILL


def test_a_service_that_was_asked_to_end_before_gets_what_is_left_of_its_time(
    service: MakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given one that ignores the request to end
    ignores = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('lamp ready'); time.sleep(60)"
    lamp = service(ignores, ready_line="lamp ready")
    lamp.start()
    lamp.wait_ready(10)
    lamp.ask_to_end()

    # when its time is over while others are stopped
    later = time.monotonic() + 3_600
    monkeypatch.setattr("time.monotonic", lambda: later)
    lamp.stop(grace_seconds=1_800)

    # then nobody waits for it
    assert lamp.status == -signal.SIGKILL


def test_a_job_that_fails_shows_the_end_of_its_log(service: MakeService) -> None:
    lamp = service("print('no oil left'); raise SystemExit(1)")
    lamp.start()

    with pytest.raises(ServiceError, match="no oil left"):
        lamp.wait_done(10)


def test_children_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    # given a parent with a service
    script = (
        "import sys, time; from pathlib import Path; from embedded.services import Service\n"
        "lamp = Service('lamp', [sys.executable, '-c', 'import time; time.sleep(60)'], data_dir=Path(sys.argv[1]))\n"
        "lamp.start(); print(lamp.process.pid, flush=True); time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script, tmp_path], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))

    # when the parent gets no chance to clean up
    parent.kill()
    parent.communicate()

    # then the child ends, at once by the kernel or at the next run
    if sys.platform != "linux":
        end_leftovers(tmp_path / "run")
    wait_until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


def test_the_next_run_ends_leftover_processes_and_no_others(tmp_path: Path) -> None:
    # given a leftover process, and a stranger that is older than the note with its number
    sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
    leftover, stranger = (subprocess.Popen(sleep, start_new_session=True) for _ in range(2))
    note_process(tmp_path, "leftover", leftover.pid)
    (tmp_path / "stranger").write_text(f"{stranger.pid} {time.time() + 3600}")

    try:
        # when the next run cleans up
        end_leftovers(tmp_path)

        # then the leftover is gone and the stranger is not
        assert not psutil.pid_exists(leftover.pid)
        assert stranger.poll() is None
        assert list(tmp_path.iterdir()) == []
    finally:
        leftover.kill()
        stranger.kill()
        stranger.wait()
