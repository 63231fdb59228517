"""The command `baton bench sourcing`, in a file of its own because it needs neither PostgreSQL nor Temporal."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from commands.bench.sourcing import measure_sourcing


def sourcing(
    orders: Annotated[int, typer.Option(min=10, help="How many orders every policy decides.")] = 10_000,
    exact_cases: Annotated[
        int, typer.Option(min=3, help="How many orders of each size are compared with the optimum.")
    ] = 20,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Decisions a second on the fast and the exact path, the gap between them, and the cost of each policy."""
    columns = TextColumn("{task.description:<9}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with _stdout_to_stderr(), Progress(*columns, console=Console(stderr=True), refresh_per_second=2) as progress:
        bars = {name: progress.add_task(name, total=None) for name in ("optimum", "policies")}
        figures = measure_sourcing(
            orders,
            exact_cases,
            lambda name, done, total: progress.update(bars[name], completed=done, total=total),
        )
    if json_:
        print(json.dumps(asdict(figures)))
    else:
        Console().print_json(data=asdict(figures))


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
