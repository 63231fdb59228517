"""`baton bench` in this process: importing it in one of its own costs more than the measuring of a test."""

import gc
import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from typer.testing import CliRunner

from cli import app
from commands.bench import command


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """Run `baton bench` with these arguments, and return the object that it prints."""
    monkeypatch.setattr(command, "end_process", sys.exit)

    def run(*arguments: str) -> Any:
        result = CliRunner().invoke(app, ["bench", *arguments, "--json"])
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    # Benches set the garbage collector as in a worker.
    thresholds = gc.get_threshold()
    yield run
    gc.unfreeze()
    gc.set_threshold(*thresholds)
