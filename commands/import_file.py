"""`baton import`: sends a file of orders through the API and accounts for every row of it."""

import csv
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import httpx2
import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from commands.import_retail import Retail, read_retail
from commands.import_sender import ApiRefuses, Sender, digest_of, load_progress
from commands.import_sources import NDJSON, RETAIL, Item, Reject, formats, read_items, translator_of
from domain.sheets import escape_formula
from integrations.channels.reading import Unreadable

INTERRUPTED = 130
RETURN_REASON = "the customer gave the goods back"


@dataclass(frozen=True)
class Source:
    """The orders of a file; an Online Retail file also has returns, and rows that are neither."""

    orders: list[Item]
    retail: Retail | None = None

    @property
    def steps(self) -> int:
        return len(self.orders) + (len(self.retail.cases) if self.retail else 0)


@dataclass(frozen=True)
class Figures:
    """Numbers of orders and of rows by outcome, and of rows that went nowhere by reason."""

    orders: Counter[str]
    rows: Counter[str]
    reasons: Counter[str]


def import_command(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The file of orders")],
    channel: Annotated[str, typer.Option(help="Our name of the channel that the orders come from")],
    key: Annotated[str, typer.Option(envvar="BATON_KEY", help="A key that may place orders; better in BATON_KEY")],
    form: Annotated[str, typer.Option("--format", help=f"One of {', '.join(formats())}")] = NDJSON,
    rejects: Annotated[Path | None, typer.Option(help="Where rejected rows go, with reasons")] = None,
    resume: Annotated[bool, typer.Option(help="Go on where an interrupted import stopped")] = False,
    history: Annotated[
        bool, typer.Option(help="They are past orders: only recorded. The key may take in past orders")
    ] = False,
    url: Annotated[str, typer.Option(envvar="BATON_URL", help="Where the API is")] = "http://127.0.0.1:8080",
) -> None:
    """Place the orders of a file. An order that was sent before is recognized, so an import may be repeated. Exits 1 if
    rows were rejected.

    With --history they are recorded as past orders, and nothing else happens.
    """
    console = Console()
    progress_file = Path(f".{file.name}.{channel}.import")
    try:
        with httpx2.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=60) as client:
            figures = import_file(client, file, channel, form, rejects, progress_file, resume, console, history)
    except (ValueError, Unreadable) as problem:
        raise typer.BadParameter(str(problem)) from None
    except (ApiRefuses, httpx2.HTTPError, KeyboardInterrupt) as problem:
        console.print(
            f"Stopped: {str(problem) or 'interrupted'}. The same command with --resume goes on.", markup=False
        )
        raise typer.Exit(INTERRUPTED if isinstance(problem, KeyboardInterrupt) else 1) from None
    console.print(_table(figures))
    if figures.rows["rejected"]:
        raise typer.Exit(1)


def import_file(
    client: httpx2.Client,
    file: Path,
    channel: str,
    form: str,
    rejects: Path | None,
    progress_file: Path,
    resume: bool,
    console: Console,
    history: bool = False,
) -> Figures:
    """Send the file and count every row. Raise ValueError or Unreadable if it does not have this format."""
    if form not in formats():
        raise ValueError(f"the formats are {', '.join(formats())}")
    if history and form == RETAIL:
        raise ValueError("Online Retail does not say what was shipped: it cannot be imported as history")
    source = _read(file, channel, form)
    if not resume:
        progress_file.unlink(missing_ok=True)
    done = load_progress(progress_file, digest_of(file, channel, form, *(["history"] if history else [])))
    sender = Sender(client, channel, translator_of(form), progress_file, done, history)
    reasons = Counter[str]()
    with _rejects_file(rejects, resume and done.items > 0) as write, _progress(console) as progress:
        bar = progress.add_task("orders", total=source.steps, completed=done.items)
        for reject in sender.send(source.orders, lambda number: progress.advance(bar, number)):
            _count(reasons, reject)
            write(reject)
        if source.retail:
            for reject in (*_request_returns(sender, source.retail, progress, bar), *source.retail.exceptions):
                done.rows["exception"] += len(reject.rows)
                _count(reasons, reject)
                write(reject)
    sender.finish()
    return Figures(done.orders, done.rows, reasons)


def _read(file: Path, channel: str, form: str) -> Source:
    if form == RETAIL:
        retail = read_retail(file, channel)
        return Source(list(retail.orders), retail)
    return Source(read_items(file, form, channel))


def _request_returns(sender: Sender, retail: Retail, progress: Progress, bar: TaskID) -> Iterable[Reject]:
    for case in retail.cases:
        if refusal := sender.request_return(case.case_id, case.channel_order_id, case.units, RETURN_REASON):
            yield Reject(tuple(case.rows), case.case_id, f"its return was refused: {refusal}")
        else:
            sender.done.orders["returns"] += 1
            sender.done.rows["return"] += len(case.rows)
        progress.advance(bar)


def _count(reasons: Counter[str], reject: Reject) -> None:
    reasons[reject.reason] += len(reject.rows)


@contextmanager
def _rejects_file(file: Path | None, append: bool) -> Iterator[Callable[[Reject], object]]:
    if file is None:
        yield lambda reject: None
        return
    with file.open("a" if append else "w", newline="", encoding="utf-8") as out:
        rows = csv.writer(out)
        if not append:
            rows.writerow(("rows", "field", "reason"))
        yield lambda reject: rows.writerow(
            map(escape_formula, (" ".join(map(str, reject.rows)), reject.field, reject.reason))
        )


def _progress(console: Console) -> Progress:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    return Progress(*columns, TimeRemainingColumn(), console=console)


def _table(figures: Figures) -> Table:
    table = Table("what became of it", "number", title="Every row of the file")
    for name, number in figures.orders.most_common():
        table.add_row("returns asked for" if name == "returns" else f"orders {name}", f"{number:,}")
    table.add_section()
    for name, number in figures.rows.most_common():
        table.add_row(f"rows in {name}s" if name != "rejected" else "rows rejected", f"{number:,}")
    table.add_row("rows in all", f"{figures.rows.total():,}", end_section=True)
    for reason, number in figures.reasons.most_common():
        table.add_row(f"rows: {reason}", f"{number:,}")
    return table
