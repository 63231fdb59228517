"""`baton parameters`: list and set limits, rates and lists, each valid from a day on. Rows never change."""

import getpass
import json
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import select

from domain.parameters import NotAParameter, read_value
from models.database import Sessions, open_database
from models.database import sessions as open_sessions
from models.parameters import ParameterRow
from settings import Settings


def list_(name: Annotated[str | None, typer.Argument(help="One parameter only")] = None) -> None:
    """Show every value that was ever set, with who set it, when and why."""
    table = Table("name", "from", "to", "value", "source", "set by", "set at")
    rows = select(ParameterRow).order_by(ParameterRow.name, ParameterRow.valid_from, ParameterRow.parameter_id)
    with _sessions()() as session:
        for row in session.scalars(rows if name is None else rows.where(ParameterRow.name == name)):
            until = row.valid_to.isoformat() if row.valid_to else ""
            value = json.dumps(row.value, ensure_ascii=False)
            table.add_row(
                row.name,
                row.valid_from.isoformat(),
                until,
                value,
                row.source,
                row.set_by,
                f"{row.set_at:%Y-%m-%d %H:%M}",
            )
    Console().print(table)


def set_(
    name: Annotated[str, typer.Argument(help="Which parameter: see domain/parameters.py")],
    value: Annotated[str, typer.Argument(help="JSON, in the form of the present value")],
    valid_from: Annotated[str, typer.Option("--from", help="RFC 3339 with its zone; orders placed from then on")],
    source: Annotated[str, typer.Option(help="The law, contract or decision it comes from")],
    valid_to: Annotated[str | None, typer.Option("--to", help="Until when; then the one before is valid again")] = None,
    by: Annotated[str | None, typer.Option(help="Who sets it; you by default")] = None,
) -> None:
    """Set a value from a moment on. Orders placed before are judged by what was valid then."""
    try:
        since, until = _moment(valid_from), _moment(valid_to) if valid_to else None
        number = set_parameter(_sessions(), name, json.loads(value), since, until, source, by or getpass.getuser())
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    print(f"{name} is set by row {number}; workers know it within seconds")


def set_parameter(
    sessions: Sessions,
    name: str,
    value: Any,
    valid_from: datetime,
    valid_to: datetime | None,
    source: str,
    set_by: str,
) -> int:
    """Add a row and return its id. Raise NotAParameter, a ValueError, for a value that no check could read."""
    read_value(name, value)
    if not source.strip():
        raise NotAParameter("a value needs a source")
    if valid_to is not None and valid_to <= valid_from:
        raise NotAParameter("it would end before it begins")
    row = ParameterRow(
        name=name, value=value, valid_from=valid_from, valid_to=valid_to, source=source.strip(), set_by=set_by
    )
    with sessions.begin() as session:
        session.add(row)
        session.flush()
        return row.parameter_id


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text} has no zone: write 2027-01-01T00:00:00+08:00")
    return moment


def _sessions() -> Sessions:
    return open_sessions(open_database(Settings().database_url, connections=1))
