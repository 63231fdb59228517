"""Prints the end of the demo: the story, the counts, the checks of the record, and where to look."""

import sys
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

from commands.demo.board import PLACES, Board
from commands.demo.play import Outcome
from commands.demo.retail import Translation
from commands.verify import Report


def tell_story(console: Console, outcome: Outcome, ends: str) -> None:
    """Print what happened, a paragraph for each scene."""
    _heading(console, "What happened")
    console.print(Padding(Text(ends), (0, 2)))
    for number, words in enumerate(outcome.story, 1):
        row = Table.grid(padding=(0, 1))
        row.add_row(Text(f"{number:>3}.", style="cyan"), Text(words))
        console.print(row)


def tell_translation(console: Console, found: Translation) -> None:
    """Print what became of the rows of the file."""
    _heading(console, "The file")
    console.print(
        f"  {found.rows:,} rows: {found.lines:,} lines in {len(found.orders):,} orders of {len(found.titles):,} goods, "
        f"{found.postage} of postage, {found.exceptions.total()} exceptions"
    )
    for reason, rows in found.exceptions.most_common():
        console.print(f"  {rows:>6} left out: {reason}")


def tell_counts(console: Console, board: Board) -> None:
    """Print the number of orders by where they ended, a row for each channel."""
    _heading(console, "Orders")
    places = [place for place in PLACES if board.places()[place]]
    table = Table("channel", *(Column(place, justify="right") for place in (*places, "all")))
    channels = list(dict.fromkeys(order.channel for order in board.orders.values()))
    for channel in [*channels, None] if len(channels) > 1 else channels:
        counted = board.places(channel)
        numbers = (*(counted[place] for place in places), counted.total())
        table.add_row(channel or "all", *map(str, numbers), style="" if channel else "bold")
    console.print(Padding(table, (0, 2)))


def tell_report(console: Console, report: Report) -> None:
    """Print every check of `baton verify`."""
    _heading(console, "baton verify")
    for result in report.results:
        console.print(Text("  ").append_text(result.line), soft_wrap=True)
    console.print(f"  {report.summary}", style="bold")


def tell_where(console: Console, data_dir: Path, links: Mapping[str, str]) -> None:
    """Print how to bring the demo up again, and which pages are worth a visit."""
    _heading(console, "Where to look")
    # Name the command as it was called, since `make demo` works without `baton` on the path.
    baton = sys.argv[0] if Path(sys.argv[0]).name == "baton" else "baton"
    up = (f"{baton} up --data-dir {data_dir}", "bold")
    console.print(Text.assemble("  ", up, " brings all of this back; then see"), soft_wrap=True)
    for what, url in links.items():
        console.print(Text.assemble(f"  {what:<38}", (url, "cyan")), soft_wrap=True)


def tell_problems(console: Console, problems: list[str]) -> None:
    """Print what was not as expected."""
    _heading(console, "Not as expected")
    for problem in problems:
        console.print(Text(f"  - {problem}", style="red"), soft_wrap=True)


def _heading(console: Console, words: str) -> None:
    console.print()
    console.print(Text(words, style="bold underline"))
