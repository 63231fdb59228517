"""`baton bench`: measures this machine. With --json it prints one object on stdout; progress goes to stderr."""

from collections.abc import Callable
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from commands.bench.audit import AuditFigures, Rejected, measure_audit
from commands.bench.day import NotDone
from commands.bench.drain import DrainFigures, Stalled, measure_drain
from commands.bench.flow import FlowFigures, measure_flow
from commands.bench.flow_table import flow_table
from commands.bench.intake import IntakeFigures, LoadFailed, measure_intake
from commands.bench.orders import NotCompleted
from commands.bench.output import AsJson, measured, progress_on, show
from commands.bench.plans import PlanFigures, measure_plans
from commands.bench.promises import PromiseFailed, PromiseFigures, measure_promises
from commands.bench.remarks import measure_remarks
from commands.bench.soak import SoakFigures, measure_soak
from commands.bench.sourcing_command import sourcing
from commands.bench.speed import Speed
from commands.bench.stock import Oversold, StockFigures, measure_stock
from commands.bench.stock_scale import ScaleFailed, ScaleFigures, measure_scale
from commands.bench.trace import TraceFigures, measure_trace
from embedded.ending import end_process
from embedded.postgres_programs import PostgresError
from embedded.services import ServiceError

FAILURES = (
    *(NotCompleted, NotDone, LoadFailed, Stalled, Rejected, Oversold, ScaleFailed, PromiseFailed),
    *(PostgresError, ServiceError, TimeoutError),
)

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Measure this machine.")
app.command()(sourcing)


@app.callback()
def bench() -> None:
    """Measure this machine."""


@app.command()
def flow(
    orders: Annotated[int, typer.Option(min=1, help="How many orders, and as many empty workflows.")] = 300,
    processes: Annotated[int, typer.Option(min=1, help="Worker processes, on both sides.")] = 1,
    json_: AsJson = False,
) -> None:
    """Whole lives of orders, against workflows of six activities and three signals that do nothing."""

    def measure(console: Console, speed: Speed) -> FlowFigures:
        with progress_on(console) as progress:
            bars = {name: progress.add_task(name, total=orders) for name in ("orders", "spaced", "baseline")}
            return measure_flow(
                orders, processes, lambda name, done: progress.update(bars[name], completed=done), speed
            )

    _run(measure, json_, flow_table)


@app.command()
def soak(
    minutes: Annotated[float, typer.Option(min=0.05, max=1_440, help="How long orders are placed.")] = 5,
    rate: Annotated[
        float | None,
        typer.Option(min=0.1, max=1_000, help="Orders a second; otherwise 80 % of what a short trial carries."),
    ] = None,
    peak: Annotated[
        bool, typer.Option("--peak", help="Then a minute at three times the rate of 500,000 orders a day.")
    ] = False,
    processes: Annotated[int, typer.Option(min=1, help="Worker processes.")] = 1,
    json_: AsJson = False,
) -> None:
    """A constant rate of orders, partners of the usual latency: times, memory and growth, none of which may drift."""

    def measure(console: Console, speed: Speed) -> SoakFigures:
        with progress_on(console) as progress:
            bars = {name: progress.add_task(name, total=None) for name in ("trial", "placed", "told")}

            def say(name: str, done: int, total: int) -> None:
                progress.update(bars[name], completed=done, total=total)

            return measure_soak(minutes, rate, peak, processes, say, speed)

    _run(measure, json_)


@app.command()
def intake(
    seconds: Annotated[float, typer.Option(min=1, max=600, help="How long each kind is measured.")] = 30,
    json_: AsJson = False,
) -> None:
    """Orders taken in one by one and in batches: each is checked, committed with fsync and then answered."""

    def measure(console: Console, speed: Speed) -> IntakeFigures:
        return measure_intake(seconds, lambda what: console.print(f"{what}, {seconds:g} s"), speed)

    _run(measure, json_)


@app.command()
def drain(
    orders: Annotated[int, typer.Option(min=100, help="How many orders the marketplace places.")] = 10_000,
    json_: AsJson = False,
) -> None:
    """Seconds until a store's orders amid a marketplace's burst are audited: channels in turn, and oldest first."""

    def measure(console: Console, speed: Speed) -> DrainFigures:
        with progress_on(console) as progress:
            bars = {name: progress.add_task(name, total=orders) for name in ("fair", "fifo")}
            return measure_drain(orders, lambda name, done: progress.update(bars[name], completed=done), speed)

    _run(measure, json_)


@app.command()
def audit(
    orders: Annotated[int, typer.Option(min=10, help="How many orders are audited.")] = 1_000,
    json_: AsJson = False,
) -> None:
    """Audits in one process: each asks the gateway, runs fifty rules of staff and is committed."""

    def measure(console: Console, speed: Speed) -> AuditFigures:
        with progress_on(console) as progress:
            bar = progress.add_task("audits", total=orders)
            return measure_audit(orders, lambda done: progress.update(bar, completed=done), speed)

    _run(measure, json_)


@app.command()
def trace(
    orders: Annotated[int, typer.Option(min=1, help="How many orders are run and proved.")] = 300,
    json_: AsJson = False,
) -> None:
    """CPU of sealing, signing and proving the logs of orders, against that of their whole lives."""

    def measure(console: Console, speed: Speed) -> TraceFigures:
        with progress_on(console) as progress:
            bars = {name: progress.add_task(name, total=orders) for name in ("orders", "proof")}
            return measure_trace(orders, lambda name, done: progress.update(bars[name], completed=done), speed)

    _run(measure, json_)


@app.command()
def remarks(json_: AsJson = False) -> None:
    """How well remarks are understood that neither the rules nor the model were made from."""
    _run(lambda console, speed: measure_remarks(), json_)


@app.command()
def stock(
    scale: Annotated[bool, typer.Option("--scale", help="Measure lists and views of very much stock instead.")] = False,
    share: Annotated[float, typer.Option(min=0.01, max=10, help="The share of the usual number of claims.")] = 1.0,
    rows: Annotated[
        int, typer.Option(min=100, help="With --scale: rows of stock, a tenth as many products at ten places.")
    ] = 1_000_000,
    movements: Annotated[int, typer.Option(min=0, help="With --scale: rows of the ledger.")] = 10_000_000,
    requests: Annotated[int, typer.Option(min=10, help="With --scale: how many of each kind are sent.")] = 300,
    json_: AsJson = False,
) -> None:
    """Claims on one hot SKU and on ten thousand, by 1, 16 and 64 claimants: in groups, and one to a transaction."""

    def measure_at_scale(console: Console, speed: Speed) -> ScaleFigures:
        with console.status("stock") as shown:
            return measure_scale(rows, movements, requests, lambda what, done: shown.update(f"{what} {done:,}"), speed)

    def measure_claims(console: Console, speed: Speed) -> StockFigures:
        return measure_stock(share, console.print, speed)

    _run(measure_at_scale if scale else measure_claims, json_)


@app.command()
def promises(
    rows: Annotated[int, typer.Option(min=100, help="Rows of stock, at twenty places.")] = 1_000_000,
    calls: Annotated[int, typer.Option(min=10, help="How many questions of three lines, one after another.")] = 2_000,
    json_: AsJson = False,
) -> None:
    """Promises before the order through the API: asked, and with stock held for a cart."""

    def measure(console: Console, speed: Speed) -> PromiseFigures:
        with progress_on(console) as progress:
            bars = {name: progress.add_task(name, total=None) for name in ("stock", "warm", "asked", "held")}

            def say(name: str, done: int, total: int) -> None:
                progress.update(bars[name], completed=done, total=total)

            return measure_promises(rows, calls, say, speed)

    _run(measure, json_)


@app.command()
def plans(
    orders: Annotated[int, typer.Option(min=1_000, help="How many orders there were before.")] = 10_000_000,
    few: Annotated[int, typer.Option(min=100, help="How many orders it is compared with.")] = 100_000,
    gigabytes: Annotated[float, typer.Option(min=0.1, help="How much disk the planted orders may take.")] = 15.0,
    json_: AsJson = False,
) -> None:
    """Blocks that each statement of a day's work reads after few and after many orders; fails if they double."""

    def measure(console: Console, speed: Speed) -> PlanFigures:
        with console.status("a day after no orders") as shown:
            return measure_plans(
                orders, few, gigabytes, lambda what, done: shown.update(f"{what}: {done:,} orders"), speed
            )

    _run(measure, json_, failed=lambda figures: bool(figures.grown))


def _run(
    measure: Callable[[Console, Speed], Any],
    as_json: bool,
    table: Callable[[dict[str, Any]], Table] | None = None,
    failed: Callable[[Any], bool] = lambda figures: False,
) -> NoReturn:
    """Measure, print the figures and end the process: with 1 if they failed or, after a reason in red, are missing."""
    console = Console(stderr=True)
    try:
        figures, printed = measured(measure, console)
    except FAILURES as problem:
        console.print(str(problem), style="red", markup=False, soft_wrap=True)
        end_process(1)
    show(printed, as_json, table)
    end_process(int(failed(figures)))
