"""`baton blocks`: hold every order of a buyer until a person has seen it, or stop that."""

import getpass
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import func, or_, select, update

from models.database import Sessions, open_database
from models.database import sessions as open_sessions
from models.parameters import BuyerBlockRow
from settings import Settings

IN_FORCE = or_(BuyerBlockRow.valid_to.is_(None), BuyerBlockRow.valid_to > func.now())


def add(
    subject: Annotated[str, typer.Argument(help="A customer id, a receiver token or a buyer token")],
    reason: Annotated[str, typer.Option(help="Why, without naming the person")],
) -> None:
    """Hold every order of a buyer from now on."""
    print(f"block {block_buyer(_sessions(), subject, reason, getpass.getuser())}")


def list_() -> None:
    """Show every block, ended ones as well."""
    table = Table("block", "subject", "reason", "from", "to", "set by")
    with _sessions()() as session:
        for row in session.scalars(select(BuyerBlockRow).order_by(BuyerBlockRow.block_id)):
            until = f"{row.valid_to:%Y-%m-%d}" if row.valid_to else ""
            table.add_row(str(row.block_id), row.subject, row.reason, f"{row.valid_from:%Y-%m-%d}", until, row.set_by)
    Console().print(table)


def end(subject: Annotated[str, typer.Argument(help="Every block of it ends")]) -> None:
    """Let the orders of a buyer go on again."""
    count = unblock_buyer(_sessions(), subject)
    if not count:
        raise typer.BadParameter(f"{subject} is not blocked")
    print(f"{count} ended")


def block_buyer(sessions: Sessions, subject: str, reason: str, set_by: str) -> int:
    """Add a block and return its number, which is all that a hold shows of it."""
    with sessions.begin() as session:
        row = BuyerBlockRow(subject=subject, reason=reason, set_by=set_by)
        session.add(row)
        session.flush()
        return row.block_id


def unblock_buyer(sessions: Sessions, subject: str) -> int:
    """End the blocks of a buyer that are in force; return how many there were."""
    ending = update(BuyerBlockRow).where(BuyerBlockRow.subject == subject, IN_FORCE)
    with sessions.begin() as session:
        return len(session.scalars(ending.values(valid_to=func.now()).returning(BuyerBlockRow.block_id)).all())


def _sessions() -> Sessions:
    return open_sessions(open_database(Settings().database_url, connections=1))
