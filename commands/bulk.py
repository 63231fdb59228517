"""`baton bulk`: one command for many orders, cases or payloads, with its progress."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import httpx2
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

PATIENCE_SECONDS, LOOK_SECONDS = 60, 1.0
INTERRUPTED = 130


class NotDone(Exception):
    """The API refuses the bulk, or does not answer."""


def bulk_command(
    command: Annotated[str, typer.Argument(help="Such as cancel, release, tag or approve")],
    key: Annotated[str, typer.Option(envvar="BATON_KEY", help="A key with the command's right; better in BATON_KEY")],
    filters: Annotated[
        list[str] | None, typer.Option("--filter", help="NAME=VALUE, as the list takes it; may be repeated")
    ] = None,
    ids: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="A file with an id on each line, instead")
    ] = None,
    given: Annotated[
        list[str] | None, typer.Option("--set", help="NAME=VALUE of the command, such as reason=...")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done")] = False,
    url: Annotated[str, typer.Option(envvar="BATON_URL", help="Where the API is")] = "http://127.0.0.1:8080",
) -> None:
    """Do one thing with many. Exits with 1 if anything was not done; Ctrl-C leaves the bulk at work."""
    console = Console()
    body: dict[str, Any] = {"command": command, "dry_run": dry_run} | dict(_pairs(given, "--set"))
    if filters:
        body["filter"] = dict(_pairs(filters, "--filter"))
    if ids is not None:
        body["ids"] = ids.read_text(encoding="utf-8").split()
    headers, once = {"Authorization": f"Bearer {key}"}, {"Idempotency-Key": f'"{uuid4().hex}"'}
    try:
        with httpx2.Client(base_url=url, headers=headers, timeout=PATIENCE_SECONDS) as client:
            made = _answer(client.post("/bulk", json=body, headers=once))
            if dry_run:
                _show_preview(console, made)
                return
            done = follow(client, made, console)
    except (NotDone, httpx2.HTTPError) as problem:
        console.print(f"Not done: {problem}", markup=False)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        console.print("The bulk goes on; POST /bulk/{id}/cancel ends it.", markup=False)
        raise typer.Exit(INTERRUPTED) from None
    raise typer.Exit(0 if done["counts"]["done"] == done["total"] else 1)


def follow(client: httpx2.Client, bulk: dict[str, Any], console: Console) -> dict[str, Any]:
    """Show the progress until the bulk has ended, then the refusals, and return it."""
    path = f"/bulk/{bulk['bulk_id']}"
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task(bulk["command"], total=bulk["total"])
        heard = time.monotonic()
        while bulk["state"] != "ended":
            time.sleep(LOOK_SECONDS)
            if (seen := _look(client, path)) is not None:
                bulk, heard = seen, time.monotonic()
            elif time.monotonic() - heard > PATIENCE_SECONDS:
                raise NotDone(f"the API does not answer; the bulk goes on: GET {path}")
            progress.update(bar, completed=bulk["total"] - bulk["counts"]["waiting"])
    counts = ", ".join(f"{number:,} {state}" for state, number in bulk["counts"].items() if number)
    console.print(f"{bulk['bulk_id']}: {counts}", markup=False)
    for state in ("refused", "not_found", "failed", "pending"):
        if bulk["counts"][state]:
            page = _answer(client.get(f"{path}/results", params={"state": state, "limit": 20}))
            for one in page["items"]:
                console.print(f"  {one['id']}  {state}  {one['detail'] or one['code']}", markup=False)
    return bulk


def _look(client: httpx2.Client, path: str) -> dict[str, Any] | None:
    """Return the bulk as it stands, or None if the API is away or busy for a moment."""
    try:
        answer = client.get(path)
    except httpx2.TransportError:
        return None
    return None if answer.status_code == 429 or answer.status_code >= 500 else _answer(answer)


def _show_preview(console: Console, preview: dict[str, Any]) -> None:
    console.print(
        f"{preview['command']} would be done for {preview['would_do']:,} of {preview['total']:,}", markup=False
    )
    for one in preview["refusals"]:
        console.print(f"  {one['count']:,}  {one['reason']}", markup=False)


def _answer(answer: httpx2.Response) -> dict[str, Any]:
    try:
        said: dict[str, Any] = answer.json()
    except ValueError:
        raise NotDone(f"{answer.status_code}: this is no answer of the API") from None
    if answer.status_code >= 400:
        raise NotDone(f"{answer.status_code}: {said.get('detail', '')}")
    return said


def _pairs(texts: Sequence[str] | None, option: str) -> Sequence[tuple[str, Any]]:
    pairs = [text.partition("=") for text in texts or ()]
    if any(not name or not equals for name, equals, _ in pairs):
        raise typer.BadParameter("it is NAME=VALUE", param_hint=option)
    return [(name, {"true": True, "false": False}.get(value, value)) for name, _, value in pairs]
