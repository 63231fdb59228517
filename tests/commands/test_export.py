"""`baton export` writes a whole list, or no file at all."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from openpyxl import load_workbook
from rich.console import Console
from typer.testing import CliRunner

from api.app import create_app
from cli import app
from commands.export import NotExported, export_list
from commands.keys import create_key
from models.database import Sessions
from models.stock import ProductRow
from settings import Settings
from tests.integrations.servers import serving

QUIET = Console(file=io.StringIO())


@pytest.fixture
def client(settings: Settings, sessions: Sessions) -> Iterator[httpx2.Client]:
    """A client of an API with three pages of cups and a lamp."""
    with sessions.begin() as session:
        session.add_all(ProductRow(sku=f"CUP-{number:04}", title="Cup") for number in range(450))
        session.add(ProductRow(sku="LAMP", title="-Lamp"))
    key = create_key(sessions, "Fay of finance", "viewer")
    with (
        serving(create_app(settings.model_copy(update={"temporal_address": "127.0.0.1:9"}))) as url,
        httpx2.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=60) as client,
    ):
        yield client


def test_a_list_is_exported_as_a_whole_and_filtered(client: httpx2.Client, tmp_path: Path) -> None:
    for name, filters, rows in (("all.csv", [], 451), ("one.csv", [("sku", "LAMP")], 1)):
        export_list(client, "products", tmp_path / name, filters, QUIET)
        with (tmp_path / name).open(newline="") as file:
            sheet = list(csv.DictReader(file))
        assert len(sheet) == rows
        assert (sheet[-1]["sku"], sheet[-1]["title"]) == ("LAMP", "'-Lamp")

    export_list(client, "/products", tmp_path / "all.xlsx", [], QUIET)
    assert load_workbook(tmp_path / "all.xlsx").worksheets[0].max_row == 452
    assert sorted(one.name for one in tmp_path.iterdir()) == ["all.csv", "all.xlsx", "one.csv"]


def test_what_is_refused_leaves_the_file_of_before(client: httpx2.Client, tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    file.write_text("of yesterday")
    for name, filters, reason in (
        ("nonsense", [], "lists are .*orders"),
        ("healthz", [], "no list"),
        ("orders", [("statuz", "open")], "422: statuz"),
        ("orders", [("phone", "+8613800138000")], "403"),
    ):
        with pytest.raises(NotExported, match=reason):
            export_list(client, name, file, filters, QUIET)
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [("orders.csv", "of yesterday")]


def test_a_list_that_is_broken_off_leaves_no_file(
    client: httpx2.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def revoked(keys: object, caller: object) -> bool:
        return False

    monkeypatch.setattr("api.access.KeyRing.in_force", revoked)
    with pytest.raises(NotExported, match="broke off"):
        export_list(client, "products", tmp_path / "all.csv", [], QUIET)
    assert list(tmp_path.iterdir()) == []


def test_the_command_says_how_many_rows_there_are(client: httpx2.Client, tmp_path: Path) -> None:
    key = client.headers["authorization"].removeprefix("Bearer ")
    options = ["--url", str(client.base_url), "--filter", "sku=LAMP", "--key", key]
    done = CliRunner().invoke(app, ["export", "products", str(tmp_path / "a.csv"), *options])
    assert (done.exit_code, "1 rows of products" in done.output) == (0, True), done.output
    refused = CliRunner().invoke(app, ["export", "lamps", str(tmp_path / "b.csv"), *options])
    assert (refused.exit_code, "there is no list lamps" in refused.output.replace("\n", " ")) == (1, True)
    assert CliRunner().invoke(app, ["export", "products", str(tmp_path / "c.pdf"), *options]).exit_code == 2
