"""A process that stands still says so at its own port, and ends; one that is only slow does not."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta

import httpx2
import pytest

from deploy.worker_health import complaint
from embedded import own_port
from embedded.own_port import OwnPort
from embedded.services import ROOT
from embedded.watch import STUCK, Threads, Watch

PATIENCE = 60


@pytest.fixture
def watch() -> Watch:
    return Watch(timedelta(seconds=PATIENCE))


def looks(watch: Watch, number: int) -> str:
    return [watch.look() for _ in range(number)][-1]


def taken(threads: Threads, number: int) -> list[object]:
    """So many steps that do not end."""
    held = [threads.one_taken() for _ in range(number)]
    for one in held:
        one.__enter__()
    return list(held)


def test_threads_that_are_all_taken_and_do_not_move_are_stuck(watch: Watch) -> None:
    threads = watch.threads("steps", 2)
    held = taken(threads, 2)
    assert looks(watch, PATIENCE) == ""
    assert looks(watch, 1) == f"steps: nothing has moved for {PATIENCE} s"
    held[0].__exit__(None, None, None)  # type: ignore[attr-defined]
    assert looks(watch, 1) == ""


def test_a_step_that_takes_long_beside_free_threads_is_not_stuck(watch: Watch) -> None:
    held = taken(watch.threads("steps", 2), 1)
    assert looks(watch, 3 * PATIENCE) == ""
    assert held


def test_threads_whose_steps_may_take_longer_are_given_that_time(watch: Watch) -> None:
    held = taken(watch.threads("messages", 1, timedelta(seconds=30)), 1)
    assert looks(watch, PATIENCE + 30) == ""
    assert looks(watch, 1) == "messages: nothing has moved for 90 s"
    assert held


async def test_an_event_loop_that_is_held_up_is_stuck(watch: Watch) -> None:
    beating = asyncio.create_task(watch.beat())
    await asyncio.sleep(0.01)
    assert "event loop: nothing has moved" in looks(watch, PATIENCE + 1)
    beating.cancel()


@pytest.fixture
def port(watch: Watch) -> Iterator[OwnPort]:
    with OwnPort("BATON_WORKER_PORT", "127.0.0.1", 0, watch) as port:
        yield port


def ask(port: OwnPort, path: str) -> httpx2.Response:
    return httpx2.get(port.url + path, timeout=60, trust_env=False)


def test_the_port_tells_how_the_process_is(watch: Watch, port: OwnPort) -> None:
    # given a process that starts, works, and gets stuck
    starting = ask(port, "/healthz")
    watch.ready = True
    working = ask(port, "/healthz")
    held = taken(watch.threads("steps", 1), 1)
    looks(watch, PATIENCE + 1)
    stuck = ask(port, "/healthz")

    # then that is what its port says
    assert (starting.status_code, starting.json()["status"]) == (503, "starting")
    assert (working.status_code, working.json()["status"]) == (200, "ok")
    assert (stuck.status_code, stuck.json()["reason"]) == (503, "steps: nothing has moved for 60 s")
    figures = ask(port, "/metrics").text
    assert 'baton_unmoved_seconds{part="steps"} 60.0' in figures
    assert 'baton_threads_taken{threads="steps"} 1.0' in figures
    assert ask(port, "/orders").status_code == 404
    assert held


def test_who_asks_without_end_takes_no_more_than_a_few_places(
    watch: Watch, port: OwnPort, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given one who holds every place
    free, entered = threading.Event(), threading.Semaphore(0)

    def slow() -> tuple[bool, dict[str, str]]:
        entered.release()
        free.wait()
        return True, {}

    assert port._server
    port._server.health = slow
    askers = [threading.Thread(target=ask, args=(port, "/healthz")) for _ in range(own_port.AT_A_TIME)]
    for asker in askers:
        asker.start()
        assert entered.acquire(timeout=10)

    # then the next one is turned away at once
    with pytest.raises(httpx2.TransportError):
        ask(port, "/healthz")
    free.set()
    for asker in askers:
        asker.join()


def test_a_port_that_is_taken_is_named_with_its_setting(watch: Watch, port: OwnPort) -> None:
    number = int(port.url.rpartition(":")[2])
    with (
        pytest.raises(OSError, match=f"BATON_WORKER_PORT: 127.0.0.1:{number} cannot be opened"),
        OwnPort("BATON_WORKER_PORT", "127.0.0.1", number, watch),
    ):
        pass


def test_a_process_that_is_stuck_says_where_and_ends() -> None:
    script = (
        "import threading, time; from datetime import timedelta; from embedded import watch\n"
        "watch.TICK_SECONDS = watch.LAST_WORDS_SECONDS = 0.01\n"
        "watched = watch.Watch(timedelta(seconds=0.05)); threads = watched.threads('steps', 1)\n"
        "def wait_for_good():\n"
        "    with threads.one_taken(): threading.Event().wait()\n"
        "threading.Thread(target=wait_for_good).start(); watched.start(); time.sleep(60)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert done.returncode == STUCK
    assert "steps: nothing has moved" in done.stdout
    assert "wait_for_good" in done.stderr


def test_whoever_asks_for_a_worker_is_told_why_it_is_stuck(watch: Watch, port: OwnPort) -> None:
    # given a worker that works, and then is stuck
    url = f"{port.url}/healthz"
    watch.ready = True
    well = complaint(url)
    held = taken(watch.threads("steps", 1), 1)
    looks(watch, PATIENCE + 1)

    # then the health check of the container says so, and also where nobody answers
    assert well == ""
    assert "steps: nothing has moved for 60 s" in complaint(url)
    assert "refused" in complaint("http://127.0.0.1:9/healthz")
    assert held
