"""`baton asides`: list the rows that were set aside, and have them tried again."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table
from sqlalchemy import select

from models.database import Sessions, open_database
from models.database import sessions as open_sessions
from models.set_aside import SetAsideRow
from record.set_aside import QUEUES, try_all_again, try_one_again
from settings import Settings

SHOWN = 50
KindOption = Annotated[str | None, typer.Option(help=f"One of {', '.join(QUEUES)}")]


def list_(kind: KindOption = None) -> None:
    """Show what was set aside, the oldest first; GET /set-asides has all of it."""
    show(_sessions(), _checked(kind), Console())


def retry(
    aside_id: Annotated[int | None, typer.Argument(help="The number of one row, as `list` shows it")] = None,
    kind: KindOption = None,
) -> None:
    """Have one row tried again, or all of a kind."""
    if (aside_id is None) == (kind is None):
        raise typer.BadParameter("give the number of a row, or --kind")
    if aside_id is not None and not try_one_again(_sessions(), aside_id):
        raise typer.BadParameter(f"nothing is set aside by the number {aside_id}")
    rows = 1 if kind is None else try_all_again(_sessions(), _checked(kind) or "")
    print(f"{rows} tried again")


def show(sessions: Sessions, kind: str | None, console: Console) -> None:
    row = SetAsideRow
    query = select(row).where(row.aside_at.is_not(None)).order_by(row.aside_id).limit(SHOWN + 1)
    if kind is not None:
        query = query.where(row.kind == kind)
    with sessions() as session:
        found = session.scalars(query).all()
    table = Table("number", "kind", Column("subject", overflow="fold", min_width=26), "reason", "tries", "since")
    for one in found[:SHOWN]:
        since = f"{one.aside_at:%Y-%m-%d %H:%M}"
        table.add_row(str(one.aside_id), one.kind, one.subject, one.reason, str(one.tries), since)
    console.print(table)
    if len(found) > SHOWN:
        console.print(f"the first {SHOWN}; GET /set-asides has the others")


def _checked(kind: str | None) -> str | None:
    if kind is not None and kind not in QUEUES:
        raise typer.BadParameter(f"{kind} is none of {', '.join(QUEUES)}")
    return kind


def _sessions() -> Sessions:
    return open_sessions(open_database(Settings().database_url, connections=1))
