"""`baton listing`: make or change the listings of a channel from a file."""

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from psycopg2.errors import IntegrityError as Violation
from pydantic import BaseModel, Field, ValidationError
from sqlalchemy.exc import IntegrityError

from domain.stock.views import Share
from models.channel import ChannelAccountRow
from models.database import Sessions, open_database
from models.database import sessions as open_sessions
from record.channels.listings import put_listing
from record.stock.channel_shares import set_share
from settings import Settings

VIOLATIONS = {
    "fk_channel_listings_sku": "sku: there is no such product",
    "uq_channel_listings_channel_sku": "channel_sku: the channel has another listing of this name",
}


class ListingLine(BaseModel, frozen=True, extra="forbid"):
    """A row of the file.

    An empty `channel_sku` is our SKU. If `share` and `reserve` are both empty they stay as they are; if one is, it is
    100 percent or 0 units.
    """

    sku: Annotated[str, Field(min_length=1, max_length=64)]
    channel_sku: Annotated[str, Field(max_length=64)] = ""
    share: Annotated[int | None, Field(ge=0, le=100)] = None
    reserve: Annotated[int | None, Field(ge=0, le=1_000_000)] = None
    enabled: bool = True


def import_(
    file: Annotated[Path, typer.Argument(help="CSV with sku and, if you like, channel_sku, share, reserve, enabled")],
    channel: Annotated[str, typer.Option(help="Our name of the channel")],
) -> None:
    """Make listings, or change existing ones. Wrong rows are printed, the others are taken."""
    sessions = open_sessions(open_database(Settings().database_url, connections=1))
    try:
        # Spreadsheets write a byte order mark before the first column.
        with file.open(encoding="utf-8-sig", newline="") as lines:
            taken, wrong = import_listings(sessions, channel, csv.DictReader(lines))
    except (OSError, UnicodeDecodeError, LookupError) as error:
        raise typer.BadParameter(str(error)) from None
    print(f"{taken} listings of {channel}, {len(wrong)} wrong rows")
    for row in wrong:
        print(row)
    raise typer.Exit(1 if wrong else 0)


def import_listings(
    sessions: Sessions, channel: str, rows: Iterable[Mapping[str, str | None]]
) -> tuple[int, list[str]]:
    """Return how many rows were taken, and for each wrong one its number (the heading is row 1), field and reason.

    Raises LookupError if there is no account of the channel.
    """
    taken, wrong = 0, list[str]()
    with sessions.begin() as session:
        if session.get(ChannelAccountRow, channel) is None:
            raise LookupError(f"there is no account of {channel}")
        for number, row in enumerate(rows, 2):
            try:
                line = _read(row)
                with session.begin_nested():
                    name = line.channel_sku or line.sku
                    put_listing(session, channel, line.sku, name, line.enabled)
                    if line.share is not None or line.reserve is not None:
                        percent = Share().percent if line.share is None else line.share
                        set_share(session, channel, line.sku, Share(percent, line.reserve or 0))
                taken += 1
            except ValidationError as error:
                first = error.errors(include_input=False, include_url=False)[0]
                wrong.append(f"row {number}: {'.'.join(map(str, first['loc']))}: {first['msg']}")
            except IntegrityError as error:
                wrong.append(f"row {number}: {_violation(error)}")
    return taken, wrong


def _read(row: Mapping[str, Any]) -> ListingLine:
    # Cells beyond the heading have no name.
    return ListingLine.model_validate({name or "row": cell for name, cell in row.items() if cell})


def _violation(error: IntegrityError) -> str:
    name = error.orig.diag.constraint_name if isinstance(error.orig, Violation) else None
    return VIOLATIONS.get(name or "", "is not a listing")
