"""`baton stock import` takes sheets row by row, and `export` writes sheets that can be imported again."""

from datetime import date, time
from pathlib import Path

import pytest
from openpyxl import load_workbook
from sqlalchemy import select
from typer.testing import CliRunner, Result

from cli import app
from models.database import Sessions
from models.goods import BufferRow as B
from models.stock import LocationRow, ProductRow, StockMovementRow, StockRow
from record.stock.demand import bundles_now
from record.stock.locations import calendar_of
from record.stock.products import substitutes_of
from simulators.settings import PARTNERS
from tests.factories import LAMP, TEACUP, assert_ledger_explains_stock, counters, stock_shop
from tests.integrations.servers import SECRET

PRODUCTS = f"""sku,title,on_sale,weight_grams,channels,parts,substitutes
EVENING-SET,Evening set,yes,1400,,{LAMP}:1 {TEACUP}:2,{LAMP}
{LAMP},=Elegant lamp,no,900,tmall web,,
{TEACUP},茶杯,,,,,
"""
LOCATIONS = """location_id,kind,name,country,latitude,longitude
WEST-LAKE,store,West Lake,CN,30.2489,120.1485
WRITTEN-OFF,virtual,Written off,CN,,
"""


@pytest.fixture(autouse=True)
def environment(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BATON_DATABASE_URL", database_url)
    for partner in PARTNERS:
        monkeypatch.setenv(f"BATON_{partner.upper()}__URL", "http://127.0.0.1:9")
        monkeypatch.setenv(f"BATON_{partner.upper()}__SECRET", SECRET)


def import_text(file: Path, text: str, what: str) -> Result:
    file.write_text(text, encoding="utf-8")
    return CliRunner().invoke(app, ["stock", "import", str(file), "--what", what, "--by", "Mo"])


def rejects_of(file: Path) -> list[str]:
    return file.with_name(f"{file.name}.rejects.csv").read_text().splitlines()[1:]


def test_a_row_may_name_another_one_further_down(sessions: Sessions, tmp_path: Path) -> None:
    # when
    results = [import_text(tmp_path / "goods.csv", PRODUCTS, "products") for _ in range(2)]

    # then
    assert [result.exit_code for result in results] == [0, 0], results[0].output
    with sessions() as session:
        lamp = session.get_one(ProductRow, LAMP)
        assert (lamp.title, lamp.on_sale, lamp.weight_grams, lamp.channels) == (
            "=Elegant lamp",
            False,
            900,
            ["tmall", "web"],
        )
        assert bundles_now(session, ["EVENING-SET"]) == {"EVENING-SET": {LAMP: 1, TEACUP: 2}}
        assert substitutes_of(session, ["EVENING-SET"]) == {"EVENING-SET": [LAMP]}


def test_wrong_rows_are_rejected_by_row_and_field(sessions: Sessions, tmp_path: Path) -> None:
    # given
    file = tmp_path / "goods.csv"
    wrong = PRODUCTS.replace(f"{TEACUP},茶杯,,", f"{TEACUP},茶杯,maybe,").replace("900", "light")

    # when
    result = import_text(file, wrong + "RUG,Rug,,,,,\nRUG,Rug,,,,,\n,Nothing,,,,,\n", "products")

    # then
    assert result.exit_code == 1
    assert [line.split(",")[:2] for line in rejects_of(file)] == [
        ["2", "parts[0].sku"],
        ["3", "weight_grams"],
        ["4", "on_sale"],
        ["6", "sku"],
        ["7", "sku"],
    ]
    with sessions() as session:
        assert list(session.scalars(select(ProductRow.sku))) == ["RUG"]


def test_an_empty_cell_of_a_location_changes_nothing(sessions: Sessions, tmp_path: Path) -> None:
    import_text(tmp_path / "places.csv", LOCATIONS, "locations")
    import_text(tmp_path / "places.csv", LOCATIONS.replace("30.2489,120.1485", ","), "locations")
    with sessions() as session:
        assert session.get_one(LocationRow, "WEST-LAKE").latitude == 30.2489
        assert session.get_one(LocationRow, "WRITTEN-OFF").kind == "virtual"


def test_an_exported_calendar_of_a_location_can_be_imported_again(sessions: Sessions, tmp_path: Path) -> None:
    # given
    calendar = "CN,16:00,1 2 3 4 5,yes,2026-12-31 2027-01-02,09:00 14:30,400"
    head = "location_id,kind,name,country,cut_off,working_days,keeps_holidays,closed,waves,capacity_units_per_day\n"
    import_text(tmp_path / "places.csv", f"{head}HZ-1,warehouse,Hangzhou,{calendar}\n", "locations")
    again = tmp_path / "again.csv"

    # when
    CliRunner().invoke(app, ["stock", "export", str(again), "--what", "locations"])
    result = import_text(again, again.read_text(), "locations")

    # then
    assert result.exit_code == 0, result.output
    with sessions() as session:
        row = session.get_one(LocationRow, "HZ-1")
        assert (row.cut_off, row.working_days, row.waves) == (time(16), [1, 2, 3, 4, 5], [time(9), time(14, 30)])
        assert (row.closed, row.capacity_units_per_day) == ([date(2026, 12, 31), date(2027, 1, 2)], 400)
        assert calendar_of(row).country == "CN"


def test_a_count_is_booked_whole_and_once(sessions: Sessions, tmp_path: Path) -> None:
    # given
    stock_shop(sessions, {"HANGZHOU": {LAMP: 10, TEACUP: 10}})
    head, file = "count_id,location_id,reason,sku,counted\n", tmp_path / "counts.csv"
    good = f"C-1,HANGZHOU,yearly,{LAMP},9\nC-1,HANGZHOU,yearly,{TEACUP},12\n"
    bad = f"C-2,HANGZHOU,yearly,{LAMP},1\nC-2,HANGZHOU,yearly,RUG,1\n"

    # when
    results = [import_text(file, head + good + bad, "counts") for _ in range(2)]

    # then
    assert [result.exit_code for result in results] == [1, 1]
    assert rejects_of(file) == ["5,sku,there is no product RUG"]
    assert (counters(sessions, LAMP)["on_hand"], counters(sessions, TEACUP)["on_hand"]) == (9, 12)
    with sessions() as session:
        adjusted = select(StockMovementRow.reason).where(StockMovementRow.kind == "adjusted")
        assert list(session.scalars(adjusted)) == ["count C-1: yearly"] * 2
    assert_ledger_explains_stock(sessions)


def test_stock_changes_are_booked_whole_and_once(sessions: Sessions, tmp_path: Path) -> None:
    # given
    stock_shop(sessions, {"HANGZHOU": {LAMP: 10}, "CHENGDU": {LAMP: 1}})
    file, other = tmp_path / "adjustments.csv", tmp_path / "transfers.csv"
    broken = f"adjustment_id,location_id,reason,sku,units\nA-1,HANGZHOU,broken,{LAMP},-2\nA-2,CHENGDU,lost,{LAMP},-2\n"
    west = f"transfer_id,from_location,to_location,reason,sku,units\nT-1,HANGZHOU,CHENGDU,runs low,{LAMP},5\n"

    # when
    results = [
        import_text(*sheet) for sheet in ((file, broken, "adjustments"), (other, west, "transfers")) for _ in range(2)
    ]

    # then
    assert [result.exit_code for result in results] == [1, 1, 0, 0], results[-1].output
    assert [line.split(",")[:2] for line in rejects_of(file)] == [["3", "lines"]]
    assert (counters(sessions, LAMP)["on_hand"], counters(sessions, LAMP, "CHENGDU")["on_hand"]) == (3, 6)
    assert_ledger_explains_stock(sessions)


def test_exported_products_can_be_imported_again(sessions: Sessions, tmp_path: Path) -> None:
    # given
    import_text(tmp_path / "goods.csv", PRODUCTS, "products")
    book, again = tmp_path / "goods.xlsx", tmp_path / "again.csv"

    # when
    steps = [
        ["export", str(book), "--what", "products"],
        ["import", str(book), "--what", "products"],
        ["export", str(again), "--what", "products"],
    ]
    outputs = [CliRunner().invoke(app, ["stock", *step]) for step in steps]

    # then
    assert [output.exit_code for output in outputs] == [0, 0, 0], [output.output for output in outputs]
    titles = [row[1].value for row in load_workbook(book).active.iter_rows(min_row=2)]
    assert titles == ["=Elegant lamp", "Evening set", "茶杯"]
    assert f"{LAMP}:1 {TEACUP}:2" in again.read_text()


def test_stock_is_exported_by_location(sessions: Sessions, tmp_path: Path) -> None:
    stock_shop(sessions, {"HANGZHOU": {LAMP: 10}, "CHENGDU": {LAMP: 3}})
    result = CliRunner().invoke(app, ["stock", "export", str(tmp_path / "stock.csv")])
    assert result.output.startswith("2 rows of stock")
    assert (tmp_path / "stock.csv").read_text().splitlines()[1:] == [
        f"{LAMP},CHENGDU,3,0,0,0,0,0,3",
        f"{LAMP},HANGZHOU,10,0,0,0,0,0,10",
    ]


@pytest.mark.parametrize("text", ["sku,titel\nA,B\n", "title\nB\n", "sku,title,title\nA,B,C\n", "\x00\xff"])
def test_a_sheet_with_wrong_columns_is_refused(sessions: Sessions, tmp_path: Path, text: str) -> None:
    assert import_text(tmp_path / "goods.csv", text, "products").exit_code == 2
    with sessions() as session:
        assert session.scalars(select(StockRow)).all() == []


def test_buffers_are_written_from_a_sheet_and_a_wrong_row_is_named(stocked: Sessions, tmp_path: Path) -> None:
    # given
    file = tmp_path / "buffers.csv"
    rows = f"A,,store,{LAMP},3,,2026-11-01T00:00:00Z\nB,,,,,10,\nC,,,{LAMP},3,10,\nD,,,,1,,tomorrow\nE,,,NONE,1,,\n"

    # when
    for _ in range(2):
        result = import_text(file, f"buffer_id,location_id,kind,sku,units,percent,valid_from\n{rows}", "buffers")
        assert result.exit_code == 1, result.output

    # then
    with stocked() as session:
        known = session.execute(select(B.buffer_id, B.kind, B.sku, B.units, B.percent).order_by(B.buffer_id)).all()
    assert [tuple(row) for row in known] == [("A", "store", LAMP, 3, None), ("B", "", "", None, 10)]
    assert [row.split(",")[:2] for row in rejects_of(file)] == [["4", "units"], ["5", "valid_from"], ["6", "sku"]]
