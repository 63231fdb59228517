"""`baton bench stock-scale`, in a file of its own: it measures how much there may be, not how fast claims are."""

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console

from bench.stock_scale import ScaleFailed, measure_scale
from embedded.ending import end_process
from embedded.pgserver import PostgresError
from embedded.services import ServiceError


def stock_scale(
    rows: Annotated[
        int, typer.Option(min=100, help="Rows of stock: a tenth as many products at ten places.")
    ] = 1_000_000,
    movements: Annotated[int, typer.Option(min=0, help="Rows of the ledger.")] = 10_000_000,
    requests: Annotated[int, typer.Option(min=10, help="How many of each kind are sent.")] = 300,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Lists and views of stock through the API, over very much stock and a very long ledger."""
    said = Console(stderr=True)
    status = 0
    try:
        with said.status("stock") as shown:
            figures = measure_scale(rows, movements, requests, lambda what, done: shown.update(f"{what} {done:,}"))
    except (ScaleFailed, PostgresError, ServiceError) as problem:
        said.print(str(problem), style="red", markup=False, soft_wrap=True)
        status = 1
    else:
        if json_:
            print(json.dumps(asdict(figures)))
        else:
            Console().print_json(data=asdict(figures))
    end_process(status)
