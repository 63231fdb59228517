"""Order files: each row is part of an order or of a refusal that names it; no order is taken in part."""

import io
from pathlib import Path

import pytest

from integrations.channels.files import FileOrder, read_csv, read_ndjson, translate
from integrations.channels.reading import Unreadable
from integrations.channels.translated import Shop, Translated
from tests.channels.payloads import SAMPLES

FOLDER: Path = SAMPLES / "file"


def _csv(name: str) -> list[FileOrder]:
    with (FOLDER / name).open(newline="", encoding="utf-8") as file:
        return list(read_csv(file, Shop("wholesale")))


def test_rows_of_one_order_become_its_lines() -> None:
    first, second = [one.result for one in _csv("ordinary.csv")]

    assert isinstance(first, Translated)
    assert isinstance(second, Translated)
    assert first.order.channel == "wholesale"
    assert [(line.sku, line.quantity, line.total.text) for line in first.order.lines] == [
        ("ELEGANT-LAMP", 1, "179.00"),
        ("OAK-STOOL", 2, "179.00"),
    ]
    assert first.order.sum_of_parts == first.order.grand_total
    assert first.order.placed_at.isoformat() == "2026-01-01T09:30:00+08:00"
    assert first.order.ship_to.phone == "+8613812345678"
    assert second.order.ship_to.lines == ("南京西路 1 号",)


def test_a_bad_order_names_its_rows_and_field_and_the_others_are_read() -> None:
    read = [(one.rows, one.result) for one in _csv("quirky.csv")]

    assert [rows for rows, _ in read] == [(2, 4), (3,), (5, 6)]
    (_, whole), (_, no_units), (_, two_customers) = read
    assert isinstance(whole, Translated)
    assert whole.order.tags == ("gift", "new year")
    assert isinstance(no_units, Unreadable)
    assert no_units.field == "lines[0].quantity"
    assert isinstance(two_customers, Unreadable)
    assert two_customers.field == "rows[1].customer_id"


def test_a_rejected_order_can_be_corrected_and_translated_again() -> None:
    rejected = _csv("quirky.csv")[1]
    assert isinstance(rejected.raw, dict)

    rejected.raw["rows"][0]["quantity"] = "1"

    assert translate(rejected.raw).order.channel_order_id == "F-4"


def test_a_header_without_a_needed_column_is_refused_before_any_row() -> None:
    with pytest.raises(Unreadable) as refused:
        _csv("broken.csv")

    assert refused.value.field == "unit_price"


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ('F-1,2026-01-01,A,1,1.00,"1.00', "row 2"),
        ("F-1,2026-01-01,A,1,1.00,1.00,surplus", "rows[0].more cells than columns"),
        ("F-1,2026-01-01", "lines[0].quantity"),
        (",2026-01-01,A,1,1.00,1.00", "channel_order_id"),
    ],
)
def test_a_malformed_row_is_refused_by_name(row: str, field: str) -> None:
    header = "channel_order_id,placed_at,sku,quantity,unit_price,grand_total\n"

    try:
        result = next(iter(read_csv(io.StringIO(header + row + "\n")))).result
    except Unreadable as error:
        result = error

    assert isinstance(result, Unreadable)
    assert result.field == field


def test_ndjson_has_one_order_on_each_line() -> None:
    with (FOLDER / "plain.ndjson").open(encoding="utf-8") as file:
        first, second = read_ndjson(file)

    assert first.rows == (1,)
    assert isinstance(first.result, Translated)
    assert first.result.order.channel == "tmall"
    assert second.rows == (3,)
    assert isinstance(second.result, Unreadable)
