"""Runs a bench and prints its figures: with --json one object on stdout; progress goes to stderr."""

import json
from collections.abc import Callable
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from commands.bench.speed import Speed

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def progress_on(console: Console) -> Progress:
    # Refresh rarely, since this process is measured as well.
    columns = TextColumn("{task.description:<9}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    return Progress(*columns, console=console, refresh_per_second=2)


def show(figures: dict[str, Any], as_json: bool, table: Callable[[dict[str, Any]], Table] | None = None) -> None:
    """Print figures as Speed.add_to returns them: as JSON, as a table, or else as JSON for people."""
    if as_json:
        print(json.dumps(figures))
    elif table:
        Console().print(table(figures))
    else:
        Console().print_json(data=figures)


def measured(measure: Callable[[Console, Speed], Any], console: Console) -> tuple[Any, dict[str, Any]]:
    """Measure between two looks at the machine's speed; return the figures, and the same for printing."""
    speed = Speed()
    speed.look()
    figures = measure(console, speed)
    speed.look()
    return figures, speed.add_to(figures)
