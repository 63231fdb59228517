"""`baton bulk` follows its bulk to the end, also when the API is away for a moment meanwhile."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from rich.console import Console

from commands import bulk
from commands.bulk import NotDone, follow

COUNTS = {"waiting": 0, "done": 1, "pending": 0, "refused": 0, "not_found": 0, "failed": 0, "canceled": 0}
RUNNING: dict[str, Any] = {"bulk_id": "bulk_1", "command": "tag", "state": "running", "total": 1, "counts": COUNTS}
ENDED = RUNNING | {"state": "ended"}


def answering(*answers: httpx2.Response | Exception) -> httpx2.Client:
    waiting: Iterator[httpx2.Response | Exception] = iter(answers)

    def answer(request: httpx2.Request) -> httpx2.Response:
        given = next(waiting)
        if isinstance(given, Exception):
            raise given
        return given

    return httpx2.Client(transport=httpx2.MockTransport(answer), base_url="http://baton")


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "LOOK_SECONDS", 0)


def test_an_api_that_starts_anew_does_not_end_the_command() -> None:
    away = httpx2.ConnectError("refused"), httpx2.Response(503, text="<h1>Bad gateway</h1>"), httpx2.Response(429)
    client = answering(httpx2.Response(200, json=RUNNING), *away, httpx2.Response(200, json=ENDED))
    assert follow(client, RUNNING, Console(quiet=True)) == ENDED


def test_an_api_that_stays_away_is_told_with_what_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "PATIENCE_SECONDS", -1)
    with pytest.raises(NotDone, match="the bulk goes on: GET /bulk/bulk_1"):
        follow(answering(httpx2.ConnectError("refused")), RUNNING, Console(quiet=True))


def test_what_is_no_answer_of_the_api_is_said() -> None:
    with pytest.raises(NotDone, match="404: this is no answer of the API"):
        follow(answering(httpx2.Response(404, text="<h1>Not here</h1>")), RUNNING, Console(quiet=True))
