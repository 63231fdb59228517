"""A file of real invoices becomes orders, and every row that cannot be part of one is counted by reason."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from api.orders.schemas import OrderBody
from commands.demo import numbers
from commands.demo.numbers import CARRIER_DOWN, NO_STREET
from commands.demo.orders import demo_orders
from commands.demo.program import BROUGHT
from commands.demo.retail import COLUMNS, Row, read_rows, translate
from commands.demo.takeover import past_orders
from integrations.channels import plain
from record.orders.past import past_order

LAMP = ("536365", "85123A", "ELEGANT LAMP", "6", "2010-12-01 08:26:00", "2.55", "17850.0", "United Kingdom")


def row(**changes: str) -> Row:
    """The row of the elegant lamp with changed columns."""
    return dict(zip(COLUMNS, LAMP, strict=True)) | changes


def test_the_rows_of_an_invoice_become_one_order() -> None:
    # given an invoice of two goods and its postage
    scarf = row(StockCode="22633", Description="WOOL SCARF", Quantity="2", UnitPrice="1.8")
    postage = row(StockCode="POST", Description="POSTAGE", Quantity="1", UnitPrice="18.00")

    # when it is translated
    found = translate([row(), scarf, postage])

    # then one order has two lines, and the postage is its shipping
    (order,) = found.orders
    assert (order["channel_order_id"], order["currency"]) == ("536365", "GBP")
    assert [(line["sku"], line["quantity"], line["unit_price"]) for line in order["lines"]] == [
        ("85123A", 6, "2.55"),
        ("22633", 2, "1.80"),
    ]
    assert order["totals"] == {"shipping": "18.00", "grand_total": "36.90"}
    assert order["payment"]["reference"] == "PAY-536365:36.90:GBP"
    assert (found.rows, found.lines, found.postage, found.exceptions.total()) == (3, 2, 1, 0)


def test_times_are_those_of_london() -> None:
    # given an invoice of a winter and one of a summer
    winter, summer = row(), row(InvoiceNo="556459", InvoiceDate="2011-06-10 08:26:00")

    # when they are translated
    found = translate([winter, summer])

    # then each has the offset that London had that day
    assert [order["placed_at"] for order in found.orders] == ["2010-12-01T08:26:00+00:00", "2011-06-10T08:26:00+01:00"]


def test_a_sku_twice_in_an_invoice_stays_two_lines() -> None:
    # when an invoice has the same lamp twice
    found = translate([row(Quantity="6"), row(Quantity="1")])

    # then the order has two lines, and the shop has units for both
    (order,) = found.orders
    assert [line["quantity"] for line in order["lines"]] == [6, 1]
    assert found.shop.stock == {("85123A", "LONDON"): 7}


def test_scattered_rows_of_an_invoice_are_one_order() -> None:
    found = translate([row(), row(InvoiceNo="536366"), row(StockCode="22633")])

    assert [len(order["lines"]) for order in found.orders] == [2, 1]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"InvoiceNo": "C536379", "Quantity": "-1"}, "it cancels an earlier invoice: a return, not an order"),
        ({"InvoiceNo": "A563185", "StockCode": "B"}, "it is an accounting entry, not an invoice"),
        ({"Quantity": "-10"}, "its quantity is not above zero"),
        ({"Quantity": "0"}, "its quantity is not above zero"),
        ({"Quantity": "a dozen"}, "its quantity is not above zero"),
        ({"UnitPrice": "0.0"}, "it has no price"),
        ({"UnitPrice": "-11062.06"}, "it has no price"),
        ({"UnitPrice": "0.001"}, "its price is not an amount of pounds and pence"),
        ({"StockCode": "M", "Description": "Manual"}, "it is a manual entry or a fee, not goods"),
        ({"StockCode": "BANK CHARGES"}, "it is a manual entry or a fee, not goods"),
        ({"StockCode": "POST"}, "its invoice has postage and no goods"),
        ({"Country": "European Community"}, "its country is European Community"),
        ({"InvoiceDate": "yesterday"}, "its invoice has no date that can be read"),
    ],
)
def test_a_row_that_cannot_be_an_order_line_is_counted_with_its_reason(changes: dict[str, str], reason: str) -> None:
    # given a good invoice and a row that is no part of an order
    rows = [row(InvoiceNo="536364"), row(**changes)]

    # when they are translated
    found = translate(rows)

    # then the good one is an order, and the other one is named
    assert [order["channel_order_id"] for order in found.orders] == ["536364"]
    assert found.exceptions == {reason: 1}
    assert found.rows == found.lines + found.postage + found.exceptions.total()


def test_an_order_without_a_customer_is_a_guest() -> None:
    (order,) = translate([row(CustomerID="")]).orders

    assert order["customer"] == {"customer_id": "guest-536365"}


@pytest.mark.parametrize(("country", "code"), [("EIRE", "IE"), ("Norway", "NO"), ("Channel Islands", "JE")])
def test_country_names_of_the_file_become_codes(country: str, code: str) -> None:
    (order,) = translate([row(Country=country)]).orders

    assert order["ship_to"]["country"] == code


def test_the_limit_counts_orders_not_rows() -> None:
    rows = [row(InvoiceNo="C536360"), row(InvoiceNo="536361"), row(InvoiceNo="536362"), row(InvoiceNo="536363")]

    found = translate(rows, limit=2)

    assert [order["channel_order_id"] for order in found.orders] == ["536361", "536362"]


def test_a_file_of_a_spreadsheet_is_read(tmp_path: Path) -> None:
    # given a file with a byte order mark, a quoted comma and a title with a space at its end
    file = tmp_path / "day.csv"
    line = '536365,85123A,"LAMP, ELEGANT ",6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom'
    file.write_text("\ufeff" + ",".join(COLUMNS) + "\n" + line + "\n", encoding="utf-8")

    # when it is read
    (found,) = read_rows(file)

    # then its parts are clean
    assert (found["InvoiceNo"], found["Description"]) == ("536365", "LAMP, ELEGANT")


def test_a_file_that_lacks_a_column_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "other.csv"
    file.write_text("InvoiceNo,Quantity\n1,2\n")

    with pytest.raises(ValueError, match=r"no column .*StockCode"):
        list(read_rows(file))


def _all_bodies() -> list[dict[str, Any]]:
    return [*demo_orders(), *translate([row(), row(InvoiceNo="536366", Country="Norway", CustomerID="")]).orders]


@pytest.mark.parametrize("body", _all_bodies(), ids=lambda body: str(body["channel_order_id"]))
def test_the_api_takes_every_order_of_the_demo(body: dict[str, Any]) -> None:
    # when the API reads it as it comes over the wire
    order = OrderBody.model_validate(body, strict=False).to_order()

    # then its sums are right
    assert order.sum_of_parts == order.grand_total


def test_the_orders_of_the_demo_have_distinct_numbers() -> None:
    orders = demo_orders()

    assert len({body["channel_order_id"] for body in orders}) == len(orders) == 62
    assert {body["channel"] for body in orders} == {"web", "tmall", "store-uk", "app"}
    assert {CARRIER_DOWN, NO_STREET} <= {body["channel_order_id"] for body in orders}


def test_every_order_with_a_story_is_sent_or_comes_with_its_scene() -> None:
    told = [value for name, value in vars(numbers).items() if name.isupper() and name not in ("APP", "TILL", "HOTEL")]
    sent = {body["channel_order_id"] for body in demo_orders()}

    missing = {number for value in told for number in ([value] if isinstance(value, str) else value)} - sent

    assert missing == {*BROUGHT, numbers.PAST}


def test_the_past_orders_of_the_demo_are_over() -> None:
    # given what the app has sold before
    told = [plain.translate(body, replace(plain.SHOP, channel=numbers.APP)) for body in past_orders(datetime.now(UTC))]

    # when they become records, which NotOver would refuse
    records = [past_order(one, one.order, "the demo", "1") for one in told]

    # then each was paid and delivered, and the last one may still come back
    assert {record.status for record in records} == {"completed"}
    assert all(record.captured for record in records)
    assert told[-1].order.channel_order_id == numbers.PAST


def test_the_demo_is_the_same_each_time() -> None:
    assert demo_orders() == demo_orders()
