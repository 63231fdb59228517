"""A stuck process says so at its health port and ends; a slow one does not."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta

import httpx2
import pytest

from deploy.worker_health import health_problem
from embedded import health_port
from embedded.health_port import HealthPort
from embedded.services import ROOT
from embedded.watch import STUCK_STATUS, Threads, Watch

PATIENCE = 60


@pytest.fixture
def watch() -> Watch:
    return Watch(timedelta(seconds=PATIENCE))


def check(watch: Watch, number: int) -> str:
    """The answer of the last of `number` checks."""
    return [watch.check() for _ in range(number)][-1]


def take(threads: Threads, number: int) -> list[object]:
    """Begin `number` steps that do not end."""
    held = [threads.one_taken() for _ in range(number)]
    for one in held:
        one.__enter__()
    return list(held)


def test_threads_are_stuck_when_all_are_taken_and_none_moves(watch: Watch) -> None:
    threads = watch.add_threads("steps", 2)
    held = take(threads, 2)
    assert check(watch, PATIENCE) == ""
    assert check(watch, 1) == f"steps: nothing has moved for {PATIENCE} s"
    held[0].__exit__(None, None, None)  # type: ignore[attr-defined]
    assert check(watch, 1) == ""


def test_a_slow_step_is_not_stuck_while_other_threads_are_free(watch: Watch) -> None:
    held = take(watch.add_threads("steps", 2), 1)
    assert check(watch, 3 * PATIENCE) == ""
    assert held


def test_threads_for_longer_steps_have_more_time(watch: Watch) -> None:
    held = take(watch.add_threads("messages", 1, timedelta(seconds=30)), 1)
    assert check(watch, PATIENCE + 30) == ""
    assert check(watch, 1) == "messages: nothing has moved for 90 s"
    assert held


async def test_a_blocked_event_loop_is_stuck(watch: Watch) -> None:
    beating = asyncio.create_task(watch.beat())
    await asyncio.sleep(0.01)
    assert "event loop: nothing has moved" in check(watch, PATIENCE + 1)
    beating.cancel()


@pytest.fixture
def port(watch: Watch) -> Iterator[HealthPort]:
    with HealthPort("BATON_WORKER_PORT", "127.0.0.1", 0, watch) as port:
        yield port


def ask(port: HealthPort, path: str) -> httpx2.Response:
    return httpx2.get(port.url + path, timeout=60, trust_env=False)


def test_the_health_port_says_whether_the_process_starts_works_or_is_stuck(watch: Watch, port: HealthPort) -> None:
    # given a process that starts, works, and gets stuck
    starting = ask(port, "/healthz")
    watch.ready = True
    working = ask(port, "/healthz")
    held = take(watch.add_threads("steps", 1), 1)
    check(watch, PATIENCE + 1)
    stuck = ask(port, "/healthz")

    # then its port says so
    assert (starting.status_code, starting.json()["status"]) == (503, "starting")
    assert (working.status_code, working.json()["status"]) == (200, "ok")
    assert (stuck.status_code, stuck.json()["reason"]) == (503, "steps: nothing has moved for 60 s")
    metrics = ask(port, "/metrics").text
    assert 'baton_unmoved_seconds{part="steps"} 60.0' in metrics
    assert 'baton_threads_taken{threads="steps"} 1.0' in metrics
    assert ask(port, "/orders").status_code == 404
    assert held


def test_requests_beyond_the_limit_are_turned_away(
    watch: Watch, port: HealthPort, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given slow requests that take every place
    free, entered = threading.Event(), threading.Semaphore(0)

    def slow() -> tuple[bool, dict[str, str]]:
        entered.release()
        free.wait()
        return True, {}

    assert port._server
    port._server.health = slow
    askers = [threading.Thread(target=ask, args=(port, "/healthz")) for _ in range(health_port.MAX_REQUESTS)]
    for asker in askers:
        asker.start()
        assert entered.acquire(timeout=10)

    # then the next one is turned away at once
    with pytest.raises(httpx2.TransportError):
        ask(port, "/healthz")
    free.set()
    for asker in askers:
        asker.join()


def test_the_error_of_a_taken_port_names_its_setting(watch: Watch, port: HealthPort) -> None:
    number = int(port.url.rpartition(":")[2])
    with (
        pytest.raises(OSError, match=f"BATON_WORKER_PORT: 127.0.0.1:{number} cannot be opened"),
        HealthPort("BATON_WORKER_PORT", "127.0.0.1", number, watch),
    ):
        pass


def test_a_stuck_process_says_where_and_ends() -> None:
    script = (
        "import threading, time; from datetime import timedelta; from embedded import watch\n"
        "watch.TICK_SECONDS = watch.LAST_WORDS_SECONDS = 0.01\n"
        "watched = watch.Watch(timedelta(seconds=0.05)); threads = watched.add_threads('steps', 1)\n"
        "def wait_for_good():\n"
        "    with threads.one_taken(): threading.Event().wait()\n"
        "threading.Thread(target=wait_for_good).start(); watched.start(); time.sleep(60)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert done.returncode == STUCK_STATUS
    assert "steps: nothing has moved" in done.stdout
    assert "wait_for_good" in done.stderr


def test_the_health_check_of_the_container_says_why_a_worker_is_stuck(watch: Watch, port: HealthPort) -> None:
    # given a worker that works, then is stuck
    url = f"{port.url}/healthz"
    watch.ready = True
    well = health_problem(url)
    held = take(watch.add_threads("steps", 1), 1)
    check(watch, PATIENCE + 1)

    # then the health check says so, and also when nobody answers
    assert well == ""
    assert "steps: nothing has moved for 60 s" in health_problem(url)
    assert "refused" in health_problem("http://127.0.0.1:9/healthz")
    assert held
