"""`baton bench`: figures of this machine. With --json one object on stdout; progress goes to stderr."""

import json
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from bench.audit import Rejected, measure_audit
from bench.drain import Stalled, measure_drain
from bench.flow import FlowFigures, measure_flow
from bench.intake import LoadFailed, measure_intake
from bench.orders import NotCompleted
from bench.remarks import measure_remarks
from bench.stock import Oversold, measure_stock
from embedded.ending import end_process
from embedded.pgserver import PostgresError
from embedded.services import ServiceError

app = typer.Typer(no_args_is_help=True, help="Measure this machine.")


@app.callback()
def bench() -> None:
    """Measure this machine."""


@app.command()
def flow(
    orders: Annotated[int, typer.Option(min=1, help="How many orders, and as many empty workflows.")] = 300,
    processes: Annotated[int, typer.Option(min=1, help="Worker processes, on both sides.")] = 1,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Orders through their whole life, against workflows of six activities and three signals that do nothing."""
    said = Console(stderr=True)
    status = 0
    try:
        with _progress(said) as progress:
            bars = {name: progress.add_task(name, total=orders) for name in ("orders", "baseline")}
            figures = measure_flow(orders, processes, lambda name, done: progress.update(bars[name], completed=done))
    except (NotCompleted, PostgresError, ServiceError, TimeoutError) as problem:
        said.print(str(problem), style="red", markup=False, soft_wrap=True)
        status = 1
    else:
        if json_:
            print(json.dumps(asdict(figures)))
        else:
            Console().print(_table(figures))
    end_process(status)


@app.command()
def intake(
    seconds: Annotated[float, typer.Option(min=1, max=600, help="How long each kind is measured.")] = 30,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Orders taken in, one by one and in batches: checked, committed with fsync, and then answered."""
    said = Console(stderr=True)
    status = 0
    try:
        figures = measure_intake(seconds, lambda what: said.print(f"{what}, {seconds:g} s"))
    except (LoadFailed, PostgresError, ServiceError) as problem:
        said.print(str(problem), style="red", markup=False, soft_wrap=True)
        status = 1
    else:
        _print(asdict(figures), json_)
    end_process(status)


@app.command()
def drain(
    orders: Annotated[int, typer.Option(min=100, help="How many orders the marketplace places.")] = 10_000,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Seconds until a store's orders in the middle of a burst are audited: in turn, and first in first out."""
    said = Console(stderr=True)
    status = 0
    try:
        with _progress(said) as progress:
            bars = {name: progress.add_task(name, total=orders) for name in ("fair", "fifo")}
            figures = measure_drain(orders, lambda name, done: progress.update(bars[name], completed=done))
    except (LoadFailed, PostgresError, ServiceError, Stalled) as problem:
        said.print(str(problem), style="red", markup=False, soft_wrap=True)
        status = 1
    else:
        _print(asdict(figures), json_)
    end_process(status)


@app.command()
def audit(
    orders: Annotated[int, typer.Option(min=10, help="How many orders are audited.")] = 1_000,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Audits in one process with fifty rules of staff: the gateway is asked, every rule too, and it is committed."""
    said = Console(stderr=True)
    status = 0
    try:
        with _progress(said) as progress:
            bar = progress.add_task("audits", total=orders)
            figures = measure_audit(orders, lambda done: progress.update(bar, completed=done))
    except (Rejected, PostgresError, ServiceError) as problem:
        said.print(str(problem), style="red", markup=False, soft_wrap=True)
        status = 1
    else:
        _print(asdict(figures), json_)
    end_process(status)


@app.command()
def remarks(json_: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """How well free text is understood that neither the rules nor the model for remarks were made from."""
    _print(asdict(measure_remarks()), json_)


@app.command()
def stock(
    share: Annotated[float, typer.Option(min=0.01, max=10, help="Of the usual number of claims.")] = 1.0,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Claims on one hot SKU and on ten thousand, by 1, 16 and 64 at once: in groups, and one transaction a claim."""
    said = Console(stderr=True)
    status = 0
    try:
        figures = measure_stock(share, said.print)
    except (Oversold, PostgresError) as problem:
        said.print(str(problem), style="red", markup=False, soft_wrap=True)
        status = 1
    else:
        by_claimants = {
            kind: {claimants: asdict(one) for claimants, one in of_kind.items()} for kind, of_kind in figures.items()
        }
        _print(by_claimants, json_)
    end_process(status)


def _print(figures: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(figures))
    else:
        Console().print_json(data=figures)


def _progress(console: Console) -> Progress:
    # Few refreshes: this process is measured as well.
    columns = TextColumn("{task.description:<9}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    return Progress(*columns, console=console, refresh_per_second=2)


def _table(figures: FlowFigures) -> Table:
    """CPU in milliseconds a life by part, and lives a second."""
    title = f"{figures.orders} orders in {figures.rounds} rounds: {figures.ratio} times as fast as nothing"
    table = Table("CPU ms each", "order", "empty workflow", title=title)
    real, empty = figures.cpu_ms_per_order, figures.baseline_cpu_ms_per_order
    for part, used in real.items():
        table.add_row(part, f"{used:.1f}", f"{empty[part]:.1f}" if part in empty else "")
    table.add_row("all", f"{sum(real.values()):.1f}", f"{sum(empty.values()):.1f}", end_section=True)
    table.add_row("a second", f"{figures.orders_per_s:.1f}", f"{figures.baseline_orders_per_s:.1f}")
    return table
