"""The command `baton bench sourcing`, in a file of its own because it needs neither PostgreSQL nor Temporal."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console

from commands.bench.output import AsJson, measured, progress_on, show
from commands.bench.sourcing import SourcingFigures, measure_sourcing
from commands.bench.speed import Speed


def sourcing(
    orders: Annotated[int, typer.Option(min=10, help="How many orders every policy decides.")] = 10_000,
    exact_cases: Annotated[
        int, typer.Option(min=3, help="How many orders of each size are compared with the optimum.")
    ] = 20,
    json_: AsJson = False,
) -> None:
    """Decisions a second on the fast and the exact path, the gap between them, and the cost of each policy."""

    def measure(console: Console, speed: Speed) -> SourcingFigures:
        with progress_on(console) as progress:
            bars = {name: progress.add_task(name, total=None) for name in ("optimum", "policies")}

            def say(name: str, done: int, total: int) -> None:
                progress.update(bars[name], completed=done, total=total)

            return measure_sourcing(orders, exact_cases, say, speed)

    with _stdout_to_stderr():
        _, printed = measured(measure, Console(stderr=True))
    show(printed, json_)


@contextmanager
def _stdout_to_stderr() -> Iterator[None]:
    """Redirect standard output inside the block, since the solver sometimes prints a line from C."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
