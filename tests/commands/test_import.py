"""`baton import` accounts for every row of a file, and goes on after an interruption."""

import csv
import io
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from rich.console import Console
from sqlalchemy import func, select
from typer.testing import CliRunner

from api.app import create_app
from api.examples import ORDER
from cli import app
from commands import import_sender
from commands.demo.retail import COLUMNS
from commands.import_file import Figures, import_file
from commands.import_sender import ApiRefuses, pause_seconds
from commands.keys import create_key
from models.channel import IntakeRow
from models.database import Sessions
from models.messaging import PartnerEventRow
from models.order import OrderLineRow, OrderRow
from models.payment import MoneyMovementRow
from settings import Settings
from tests.channels.payloads import CHANNELS, SAMPLES, parsed
from tests.integrations.servers import serving

# A short day of our own, and whole days of the data set if its folder is named.
DAYS = [
    Path(__file__).with_name("day.csv"),
    *sorted(Path(os.environ.get("ONLINE_RETAIL_DAYS", os.devnull)).glob("*.csv")),
]
LAMP = ("536365", "LAMP", "ELEGANT LAMP", "6", "2010-12-01 08:26:00", "2.55", "17850.0", "United Kingdom")


@pytest.fixture
def client(settings: Settings, sessions: Sessions) -> Iterator[httpx2.Client]:
    key = create_key(sessions, "Ines of imports", "staff")
    with (
        serving(create_app(settings.model_copy(update={"temporal_address": "127.0.0.1:9"}))) as url,
        httpx2.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=60) as client,
    ):
        yield client


def run_import(
    client: httpx2.Client,
    file: Path,
    channel: str,
    form: str,
    folder: Path,
    resume: bool = False,
    history: bool = False,
) -> Figures:
    quiet = Console(file=io.StringIO())
    return import_file(client, file, channel, form, folder / "rejects.csv", folder / "side", resume, quiet, history)


def rejects(folder: Path) -> list[list[str]]:
    with (folder / "rejects.csv").open(newline="") as file:
        return list(csv.reader(file))[1:]


def count(sessions: Sessions, row: type[Any]) -> int:
    with sessions() as session:
        return session.scalar(select(func.count()).select_from(row)) or 0


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_sample_of_every_channel_is_imported_once(
    client: httpx2.Client, sessions: Sessions, tmp_path: Path, channel: str
) -> None:
    figures = run_import(client, SAMPLES / channel / "ordinary.json", channel, channel, tmp_path)
    again = run_import(client, SAMPLES / channel / "ordinary.json", channel, channel, tmp_path)

    assert (figures.orders, again.orders) == ({"new": 1}, {"known before": 1})
    assert (count(sessions, OrderRow), count(sessions, IntakeRow)) == (1, 1)


def test_wrong_rows_of_a_csv_are_rejected_by_row_and_field(
    client: httpx2.Client, sessions: Sessions, tmp_path: Path
) -> None:
    figures = run_import(client, SAMPLES / "file" / "quirky.csv", "wholesale", "csv", tmp_path)

    assert figures.orders == {"new": 1, "rejected": 2}
    assert figures.rows == {"order": 2, "rejected": 3}
    assert [row[:2] for row in rejects(tmp_path)] == [["3", "lines[0].quantity"], ["5 6", "rows[1].customer_id"]]
    with sessions() as session:
        kept = session.scalars(select(IntakeRow.source).where(IntakeRow.status == "rejected")).all()
    assert kept == ["file", "file"]


def many(tmp_path: Path, number: int) -> Path:
    order = parsed("plain", "ordinary")
    order = order.get("data", order)
    file = tmp_path / "many.ndjson"
    file.write_text("\n".join(json.dumps(order | {"channel_order_id": f"M-{n}"}) for n in range(number)))
    return file


class Flaky(httpx2.BaseTransport):
    """Lets the first batches through, then cuts the connection."""

    def __init__(self, batches: int) -> None:
        self.remaining = batches
        self.inner = httpx2.HTTPTransport()

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        self.remaining -= 1
        if self.remaining < 0:
            raise httpx2.ConnectError("the line was cut")
        return self.inner.handle_request(request)


def test_an_interrupted_import_goes_on_where_it_stopped(
    client: httpx2.Client, sessions: Sessions, tmp_path: Path
) -> None:
    # given an import that is cut after two batches of 200
    file = many(tmp_path, 500)
    cut = httpx2.Client(base_url=client.base_url, headers=client.headers, transport=Flaky(2))
    with pytest.raises(httpx2.ConnectError):
        run_import(cut, file, "plain", "ndjson", tmp_path)
    assert count(sessions, OrderRow) == 400

    # when it is resumed
    figures = run_import(client, file, "plain", "ndjson", tmp_path, resume=True)

    # then only the rest was sent
    assert figures.orders == {"new": 500}
    assert count(sessions, OrderRow) == 500
    with sessions() as session:
        assert session.scalar(select(func.max(IntakeRow.tries))) == 1
    assert not (tmp_path / "side").exists()


def test_an_interrupted_history_goes_on_where_it_stopped(
    client: httpx2.Client, sessions: Sessions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given past orders, of which two batches were recorded before the line was cut
    monkeypatch.setattr(import_sender, "HISTORY_BATCH", 20)
    file = tmp_path / "past.csv"
    rows = [f"P-{n},2025-01-0{n % 9 + 1}T10:00:00Z,LAMP,1,5.00,5.00,CNY,yes,2025-02-01T10:00:00Z" for n in range(50)]
    head = "channel_order_id,placed_at,sku,quantity,unit_price,grand_total,currency,paid,shipped_at"
    file.write_text("\n".join([head, *rows]))
    cut = httpx2.Client(base_url=client.base_url, headers=client.headers, transport=Flaky(2))
    with pytest.raises(httpx2.ConnectError):
        run_import(cut, file, "wholesale", "csv", tmp_path, history=True)
    assert count(sessions, OrderRow) == 40

    # when it is resumed, it goes on as history only
    with pytest.raises(ValueError, match="another file"):
        run_import(client, file, "wholesale", "csv", tmp_path, resume=True)
    figures = run_import(client, file, "wholesale", "csv", tmp_path, resume=True, history=True)

    # then all are recorded as completed and paid, and no payload is kept
    assert figures.orders == {"new": 50}
    with sessions() as session:
        assert set(session.execute(select(OrderRow.status, OrderRow.past))) == {("completed", True)}
        assert session.scalar(select(func.sum(MoneyMovementRow.amount_minor))) == 25_000
    assert count(sessions, IntakeRow) == 0


def test_an_import_of_another_file_cannot_be_resumed(client: httpx2.Client, tmp_path: Path) -> None:
    (tmp_path / "side").write_text(json.dumps({"digest": "of another file", "items": 7}))
    with pytest.raises(ValueError, match="another file"):
        run_import(client, many(tmp_path, 1), "plain", "ndjson", tmp_path, resume=True)


def test_an_api_that_refuses_stops_the_import(client: httpx2.Client, tmp_path: Path) -> None:
    client.headers["authorization"] = "Bearer baton_unknown"
    with pytest.raises(ApiRefuses, match="401"):
        run_import(client, many(tmp_path, 1), "plain", "ndjson", tmp_path)


def retail(tmp_path: Path, *rows: dict[str, str]) -> Path:
    file = tmp_path / "day.csv"
    with file.open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(COLUMNS)
        writer.writerows([(dict(zip(COLUMNS, LAMP, strict=True)) | row).values() for row in rows])
    return file


def test_a_cancellation_gives_back_the_goods_of_an_earlier_order(
    client: httpx2.Client, sessions: Sessions, tmp_path: Path
) -> None:
    back = {"InvoiceNo": "C1", "InvoiceDate": "2010-12-01 09:00:00"}
    file = retail(
        tmp_path,
        {"Quantity": "4"},
        {"Quantity": "3"},
        back | {"Quantity": "-5"},
        back | {"Quantity": "-3"},
        back | {"Quantity": "-1", "CustomerID": "999.0"},
        back | {"Quantity": "-1", "CustomerID": ""},
        back | {"Quantity": "-1", "StockCode": "D"},
        back | {"Quantity": "-1", "InvoiceDate": "2010-11-30 09:00:00"},
    )

    figures = run_import(client, file, "retail", "online-retail", tmp_path)

    assert figures.orders == {"new": 1, "returns": 1}
    assert figures.rows == {"order": 2, "return": 1, "exception": 5}
    assert [row[0] for row in rejects(tmp_path)] == ["5", "6", "7", "8", "9"]
    with sessions() as session:
        asked = session.scalars(select(PartnerEventRow)).one()
    assert asked.subject == "retail/536365"
    assert asked.data["lines"] == [{"line_no": 1, "quantity": 4}, {"line_no": 2, "quantity": 1}]


@pytest.mark.parametrize("day", DAYS, ids=lambda day: day.stem)
def test_every_row_of_a_day_is_accounted_for(
    day: Path, client: httpx2.Client, sessions: Sessions, tmp_path: Path
) -> None:
    with day.open(newline="", encoding="utf-8", errors="replace") as lines:
        rows = sum(1 for _ in csv.DictReader(lines))
    before = count(sessions, OrderRow), count(sessions, OrderLineRow), count(sessions, PartnerEventRow)

    figures = run_import(client, day, "retail", "online-retail", tmp_path)

    assert figures.rows.total() == rows
    assert set(figures.rows) <= {"order", "return", "exception"}
    assert sum(figures.reasons.values()) == figures.rows["exception"]
    assert count(sessions, OrderRow) - before[0] == figures.orders["new"]
    assert count(sessions, PartnerEventRow) - before[2] == figures.orders["returns"]
    numbers = [int(number) for row in rejects(tmp_path) for number in row[0].split()]
    assert len(numbers) == len(set(numbers)) == figures.rows["exception"]
    again = run_import(client, day, "retail", "online-retail", tmp_path)
    assert (again.orders["new"], again.rows) == (0, figures.rows)


@pytest.mark.parametrize(("retry_after", "seconds"), [("7", 7.0), ("", 1.0), ("Mon, 30 Nov 2026 12:00:00 GMT", 1.0)])
def test_the_api_is_asked_again_when_it_says_or_after_a_second(retry_after: str, seconds: float) -> None:
    assert pause_seconds(retry_after) == seconds


def test_the_command_fails_when_rows_were_rejected(
    client: httpx2.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    good = {"channel": "wholesale", **{name: value for name, value in ORDER.items() if name != "channel"}}
    options = ["--channel", "wholesale", "--url", str(client.base_url)]
    options += ["--key", client.headers["authorization"].removeprefix("Bearer ")]
    for orders, code in (([good], 0), ([good, good | {"channel_order_id": "W-2", "currency": "XXX1"}], 1)):
        (tmp_path / "orders.ndjson").write_text("\n".join(map(json.dumps, orders)))
        done = CliRunner().invoke(app, ["import", "orders.ndjson", *options])
        assert done.exit_code == code, done.output
