"""`baton export`: fetches a whole list from the API as CSV or XLSX."""

import csv
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import httpx2
import typer
from rich.console import Console
from rich.progress import DownloadColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn, TransferSpeedColumn

FORMATS = {".csv": "csv", ".xlsx": "xlsx"}
INTERRUPTED = 130
IN_BRACES = re.compile(r"\{[^}]+\}")
LONGEST_CELL = 100_000_000
PATIENCE_SECONDS = 600
"""How long the API may be silent: it makes an XLSX before it sends it."""


class NotExported(Exception):
    """The API does not give this list, or broke off in the middle."""


def export_command(
    name: Annotated[str, typer.Argument(metavar="LIST", help="Its path in the API, such as orders or stock/movements")],
    file: Annotated[Path, typer.Argument(dir_okay=False, help="Where it goes: .csv or .xlsx")],
    key: Annotated[str, typer.Option(envvar="BATON_KEY", help="A key that may read the list; better in BATON_KEY")],
    filters: Annotated[
        list[str] | None, typer.Option("--filter", help="NAME=VALUE, as the list takes it; may be repeated")
    ] = None,
    url: Annotated[str, typer.Option(envvar="BATON_URL", help="Where the API is")] = "http://127.0.0.1:8080",
) -> None:
    """Write a list of the API to a file, filtered as the list is. The file appears when it is whole."""
    if file.suffix.lower() not in FORMATS:
        raise typer.BadParameter(f"a file ends in {' or '.join(FORMATS)}", param_hint="FILE")
    console = Console()
    try:
        with httpx2.Client(
            base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=PATIENCE_SECONDS
        ) as client:
            export_list(client, name, file, [_pair(one) for one in filters or ()], console)
    except (NotExported, httpx2.HTTPError, KeyboardInterrupt) as problem:
        console.print(f"Not exported: {str(problem) or 'interrupted'}", markup=False)
        raise typer.Exit(INTERRUPTED if isinstance(problem, KeyboardInterrupt) else 1) from None
    rows = f"{_rows_of(file):,} rows of {name}" if file.suffix.lower() == ".csv" else name
    console.print(f"{rows} in {file}", markup=False)


def export_list(
    client: httpx2.Client, name: str, file: Path, filters: Sequence[tuple[str, str]], console: Console
) -> None:
    """Write the list to the file, which is replaced as a whole or not at all. Raises NotExported."""
    draft = file.with_name(f".{file.name}.part")
    query: list[Any] = [*filters, ("format", FORMATS[file.suffix.lower()])]
    columns = SpinnerColumn(), TextColumn("{task.description}"), DownloadColumn(), TransferSpeedColumn()
    try:
        with (
            client.stream("GET", f"/{name.strip('/')}", params=query) as answer,
            draft.open("wb") as out,
            Progress(*columns, TimeElapsedColumn(), console=console) as progress,
        ):
            _check(client, name, answer)
            bar = progress.add_task(name, total=None)
            for part in answer.iter_bytes():
                out.write(part)
                progress.advance(bar, len(part))
        draft.replace(file)
    except httpx2.RemoteProtocolError:
        raise NotExported("the API broke off before the end of the list") from None
    finally:
        draft.unlink(missing_ok=True)


def _check(client: httpx2.Client, name: str, answer: httpx2.Response) -> None:
    if answer.status_code == 200 and "content-disposition" in answer.headers:
        return
    answer.read()
    lists = _lists(client)
    if not any(
        re.fullmatch(IN_BRACES.sub("[^/]+", one), f"/{name.strip('/')}") for one in lists
    ) and answer.status_code not in (401, 403):
        raise NotExported(
            f"there is no list {name}; lists are {', '.join(one.strip('/') for one in lists if '{' not in one)}"
        )
    try:
        problem: dict[str, Any] = answer.json()
    except ValueError:
        problem = {}
    raise NotExported(f"{answer.status_code}: {problem.get('detail', answer.text[:300])}")


def _lists(client: httpx2.Client) -> list[str]:
    """Return the paths of the lists that the API answers as sheets."""
    paths = client.get("/openapi.json").json()["paths"]
    return sorted(path for path, methods in paths.items() if _is_list(methods.get("get", {})))


def _is_list(operation: dict[str, Any]) -> bool:
    parameters = operation.get("parameters", ())
    return any(one["name"] == "format" and "xlsx" in one["schema"].get("enum", ()) for one in parameters)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise typer.BadParameter("a filter is NAME=VALUE", param_hint="--filter")
    return name, value


def _rows_of(file: Path) -> int:
    # A cell may hold a long list of an order.
    csv.field_size_limit(LONGEST_CELL)
    with file.open(newline="", encoding="utf-8") as lines:
        return sum(1 for _ in csv.reader(lines)) - 1
