"""`baton verify`: prove that the record is consistent. It repairs nothing: a drift is a bug to be found."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from temporalio.service import RPCError

from commands.verify_checks import CHECKS, Check
from commands.verify_workflows import check_workflows
from embedded.ending import end_process
from models.database import Sessions, open_database, sessions
from settings import Settings

MAX_NAMED = 5
"""How many wrong rows a check names; the rest are counted."""


@dataclass(frozen=True)
class Result:
    """What one check found: how many rows it checked, how many are wrong, the first ids of these, and how many wait."""

    name: str
    checked: int
    wrong: int = 0
    first: tuple[str, ...] = ()
    waiting: int = 0

    @property
    def line(self) -> Text:
        """One line for people."""
        mark = Text("wrong  ", "bold red") if self.wrong else Text("ok     ", "bold green")
        line = Text.assemble(mark, f"{self.name}  ", (f"{self.checked:,} rows", "dim"))
        if self.waiting:
            line.append(f", {self.waiting:,} waiting", "yellow")
        if self.wrong:
            more = f" and {self.wrong - len(self.first):,} more" if self.wrong > len(self.first) else ""
            line.append(f", {self.wrong:,} wrong: {', '.join(self.first)}{more}", "red")
        return line


@dataclass(frozen=True)
class Report:
    """The results of all checks."""

    results: tuple[Result, ...]

    @property
    def clean(self) -> bool:
        return not any(result.wrong for result in self.results)

    @property
    def summary(self) -> str:
        rows, wrong = (sum(getattr(result, name) for result in self.results) for name in ("checked", "wrong"))
        found = "nothing is wrong" if self.clean else f"{wrong:,} wrong"
        return f"{len(self.results)} checks over {rows:,} rows: {found}"


def verify_command(
    data_dir: Annotated[
        Path | None,
        typer.Option(help="Verify what runs in this directory (`baton up --data-dir`), not what the settings name."),
    ] = None,
    temporal: Annotated[
        bool, typer.Option("--temporal/--no-temporal", help="Whether to ask Temporal for the orders' workflows too.")
    ] = True,
) -> None:
    """Prove that the record is whole: stock, allocations, money, messages and workflows. Exits 1 when it is not."""
    settings = Settings(_env_file=data_dir / "env") if data_dir else Settings()
    console, began, results = Console(), monotonic(), list[Result]()
    engine = open_database(settings.database_url, connections=2)
    try:
        for result in _check_all(sessions(engine), settings, temporal):
            results.append(result)
            console.print(result.line, soft_wrap=True, highlight=False)
    except (OperationalError, RPCError, RuntimeError) as error:
        reason = error.orig if isinstance(error, OperationalError) else error
        console.print(Text(f"It cannot be verified: {str(reason).strip()}", style="red"), soft_wrap=True)
        end_process(1)
    engine.dispose()
    report = Report(tuple(results))
    console.print(f"{report.summary} ({monotonic() - began:.1f} s)", style="bold", highlight=False)
    end_process(0 if report.clean else 1)


def verify(record: Sessions) -> Report:
    """Check the record without Temporal, as of one moment; it may be in use meanwhile."""
    return Report(tuple(check_record(record)))


def check_record(record: Sessions) -> Iterator[Result]:
    """Yield the results one by one, to be shown as they come; all are of the same snapshot."""
    with record() as session:
        session.connection(execution_options={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True})
        session.execute(text("SET LOCAL statement_timeout = 0"))
        for check in CHECKS:
            yield _result(session, check)


def _check_all(record: Sessions, settings: Settings, temporal: bool) -> Iterator[Result]:
    yield from check_record(record)
    if temporal:
        yield Result(*asyncio.run(check_workflows(record, settings, MAX_NAMED)))


def _result(session: Session, check: Check) -> Result:
    waiting = "count(*) FILTER (WHERE waiting)" if "AS waiting" in check.rows else "0"
    row = session.execute(
        text(f"""
        SELECT count(*) AS checked, count(*) FILTER (WHERE wrong) AS wrong, {waiting} AS waiting,
            coalesce((array_agg(id ORDER BY id) FILTER (WHERE wrong))[1:{MAX_NAMED}], '{{}}') AS first
        FROM ({check.rows}) AS rows""")
    ).one()
    return Result(check.name, row.checked, row.wrong, tuple(row.first), row.waiting)
