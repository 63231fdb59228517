"""Every list is answered as a sheet too: by the same filters and rights, as a whole, and without formulas."""

import asyncio
import csv
from io import BytesIO, StringIO
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from openpyxl import load_workbook
from starlette.types import Message

from api.access import Caller, Role
from api.inside import scope_of
from api.sheets import MEDIA, SheetRoute
from commands.keys import create_key
from models.database import Sessions
from models.stock import ProductRow
from settings import Settings
from tests.api.conftest import Api, assert_problem, fields, order_body, running

MANY = 450


def rows_of(answer: httpx2.Response) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].split(";")[0] == MEDIA["csv"]
    return list(csv.DictReader(StringIO(answer.text)))


@pytest.fixture
def products(sessions: Sessions) -> Sessions:
    """More than two pages of products, one with a formula for a name."""
    with sessions.begin() as session:
        session.add_all(ProductRow(sku=f"CUP-{number:04}", title=f"Cup {number}") for number in range(MANY))
        session.add(ProductRow(sku="ZZZ", title='=HYPERLINK("http://elsewhere","cup")', channels=["tmall", "shop"]))
    return sessions


async def test_a_sheet_has_all_pages(staff: Api, products: Sessions) -> None:
    answer = await staff.get("/products", params={"format": "csv"})

    rows = rows_of(answer)
    assert [row["sku"] for row in rows] == [*(f"CUP-{number:04}" for number in range(MANY)), "ZZZ"]
    assert answer.headers["content-disposition"] == 'attachment; filename="products.csv"'
    assert (rows[0]["on_sale"], rows[0]["vat"], rows[0]["weight_grams"], rows[0]["parts"]) == ("true", "", "500", "")
    assert (rows[-1]["title"], rows[-1]["channels"]) == ('\'=HYPERLINK("http://elsewhere","cup")', "tmall shop")
    # A filter and a cursor narrow it as they do a page.
    assert [row["sku"] for row in rows_of(await staff.get("/products?format=csv&sku=CUP-0007"))] == ["CUP-0007"]
    cursor = (await staff.get("/products?limit=200")).json()["next_cursor"]
    assert len(rows_of(await staff.get("/products", params={"format": "csv", "cursor": cursor}))) == MANY + 1 - 200


async def test_an_xlsx_has_numbers_and_no_formula(staff: Api, products: Sessions) -> None:
    answer = await staff.get("/products", params={"format": "xlsx"})

    assert answer.headers["content-type"] == MEDIA["xlsx"]
    names, *rows = load_workbook(BytesIO(answer.content)).worksheets[0].iter_rows()
    weight = [cell.value for cell in names].index("weight_grams")
    assert len(rows) == MANY + 1
    assert rows[0][weight].value == 500
    assert (rows[-1][1].value, rows[-1][1].data_type) == ('=HYPERLINK("http://elsewhere","cup")', "s")


async def test_nested_fields_are_columns_and_a_channel_gets_its_own_rows(staff: Api, tmall: Api, shop: Api) -> None:
    await staff.post("/orders", json=order_body(tags=["gift"]))
    row = rows_of(await tmall.get("/orders?format=csv&tag=gift&sort=-placed"))[0]
    assert (row["channel_order_id"], row["grand_total"], row["next_deadline.at"], row["holds"]) == (
        *("TM-20260101-0001", "370.00", ""),
        "",
    )
    assert not any("link" in name for name in row)
    assert rows_of(await shop.get("/orders?format=csv")) == []
    assert_problem(await shop.get("/orders?format=csv&channel=tmall"), 403, "forbidden")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("format=pdf", "format"),
        ("format=csv&limit=5", "limit"),
        ("format=csv&statuz=open", "statuz"),
        ("format=csv&status=lost", "status"),
        ("format=csv&cursor=!", "cursor"),
        ("format=csv&phone=1", "phone"),
    ],
)
async def test_a_sheet_is_refused_as_its_list_is(staff: Api, query: str, field: str) -> None:
    assert fields(assert_problem(await staff.get(f"/orders?{query}"), 422, "invalid")) == [field]


async def test_every_list_is_offered_as_a_sheet(manager: Api) -> None:
    paths = (await manager.get("/openapi.json")).json()["paths"]
    lists = [path for path, methods in paths.items() if "get" in methods and _is_list(methods["get"])]
    assert len(lists) > 25
    for path in lists:
        media = paths[path]["get"]["responses"]["200"]["content"]
        assert {*MEDIA.values(), "application/json"} <= media.keys(), path
        if "{" not in path:
            rows_of(await manager.get(f"{path}?format=csv"))
    # A route that is no list has no sheet.
    assert "format" in fields(assert_problem(await manager.get("/healthz?format=csv"), 422, "invalid"))


async def test_too_many_rows_for_xlsx_are_told(staff: Api, products: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.sheets.MOST_XLSX_ROWS", 300)
    assert fields(assert_problem(await staff.get("/products?format=xlsx"), 422, "invalid")) == ["format"]


async def test_a_process_makes_a_few_sheets_at_a_time(staff: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SheetRoute, "making", 4)
    assert_problem(await staff.get("/products?format=csv"), 503, "busy")
    assert (await staff.get("/products")).status_code == 200
    monkeypatch.setattr(SheetRoute, "making", 3)
    assert rows_of(await staff.get("/products?format=csv")) == []
    assert SheetRoute.making == 3


async def test_a_reader_who_stops_gives_its_place_to_others(staff: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    # given a client that reads the beginning of an answer and then nothing more
    monkeypatch.setattr("api.sheets.READ_SECONDS", 0.1)
    app: Any = staff._transport.app  # type: ignore[attr-defined]
    asked = scope_of(Caller("key_1", "Sun of support", Role.STAFF, None), "GET", "/products", "format=csv")

    async def stopped(message: Message) -> None:
        if message["type"] == "http.response.body":
            await asyncio.Event().wait()

    # when it asks for a sheet, then that is broken off
    await asyncio.wait_for(app(asked, asyncio.Event().wait, stopped), 20)
    assert SheetRoute.making == 0
    assert not SheetRoute.of_keys


async def test_one_key_takes_only_some_of_the_sheets(staff: Api, manager: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.sheets.AT_ONCE_FOR_A_KEY", 0)
    assert_problem(await staff.get("/products?format=csv"), 503, "busy")
    monkeypatch.setattr("api.sheets.AT_ONCE_FOR_A_KEY", 1)
    assert rows_of(await staff.get("/products?format=csv")) == []
    assert not SheetRoute.of_keys


async def test_an_xlsx_that_takes_too_long_is_given_up(
    staff: Api, products: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.sheets.MOST_SECONDS", -1.0)
    assert fields(assert_problem(await staff.get("/products?format=xlsx"), 422, "invalid")) == ["format"]
    assert SheetRoute.making == 0


async def test_a_sheet_whose_key_is_revoked_is_broken_off(
    settings: Settings, products: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(settings) as connect:
        staff = connect(create_key(products, "Sun of support", "staff"))

        async def revoked(keys: Any, caller: Any) -> bool:
            return False

        monkeypatch.setattr("api.access.KeyRing.in_force", revoked)
        # A server closes the connection of an answer that does not end, and the client notices.
        with pytest.raises(AssertionError):
            await staff.get("/products?format=csv")


@pytest.mark.parametrize(("customer", "name"), [("王芳", "customers-store"), ('a"; x="', "customers-a-x-store")])
async def test_a_file_is_named_in_plain_letters_whoever_it_is_about(staff: Api, customer: str, name: str) -> None:
    answer = await staff.get(f"/customers/{quote(customer)}/store-credits", params={"format": "csv"})

    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}-credits.csv"'


def _is_list(operation: dict[str, Any]) -> bool:
    parameters = operation.get("parameters", ())
    return any(one["name"] == "format" and "xlsx" in one["schema"].get("enum", ()) for one in parameters)
