"""Orders, a stocked shop and stored webhooks for tests, and the assertions that every test of stock ends with."""

import itertools
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select, text

from domain.duplicates import content_hash
from domain.money import Money
from domain.order import Address, Order, OrderLine
from domain.stock.movements import COUNTERS, EFFECT, Movement
from models.base import Base
from models.database import Sessions
from models.messaging import PartnerEventRow
from models.order import OrderLineRow, OrderRow
from models.payment import TenderRow
from models.stock import LocationRow, ProductRow, StockMovementRow, StockRow
from record.parameters import ParameterCache
from record.recordset import insert_recordset
from record.sourcing.outlooks import OutlookCache
from record.stock import ledger

CHANNEL = "tmall"
LAMP, TEACUP = "ELEGANT-LAMP", "QUIET-TEACUP"
LAMPS_AND_CUP = ((LAMP, 2), (TEACUP, 1))
PRICE, SHIPPING = Money(1999, "CNY"), Money(800, "CNY")
PLACED_AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)

# These words appear nowhere else, so that a test can find them where they should not be.
RECEIVER: Mapping[str, Any] = {
    "name": "Ouyang Xiadan",
    "phone": "+86 139 5550 7421",
    "email": "xiadan@letters.example",
    "city": "Hangzhou",
    "lines": ["7 Plum Blossom Lane"],
}
PROVINCES = {"HANGZHOU": ("CN", "Zhejiang"), "NINGBO": ("CN", "Zhejiang"), "CHENGDU": ("CN", "Sichuan")}
ABROAD = ("GB", "")

# Built once: building a statement costs more than sending it.
NEW_PRODUCTS = insert_recordset(ProductRow, "sku, title", conflict="sku")
NEW_LOCATIONS = insert_recordset(LocationRow, "location_id, kind, name, country, province", conflict="location_id")

_numbers = itertools.count(1)


def fresh_outlooks(lifetime: float = 3.0) -> OutlookCache:
    """An outlook cache that is still empty, without the exact solver."""
    return OutlookCache(ParameterCache(lifetime), lifetime=lifetime)


def an_order(lines: Sequence[tuple[str, int]] = LAMPS_AND_CUP, **changes: Any) -> Order:
    """An order as a channel sends it: each unit costs PRICE, the shipping SHIPPING."""
    number = next(_numbers)
    goods = PRICE * sum(quantity for _, quantity in lines)
    nothing = Money(0, PRICE.currency)
    fields: dict[str, Any] = {
        "channel": CHANNEL,
        "channel_order_id": f"TM-{number}",
        "placed_at": PLACED_AT,
        "customer_id": "BUYER-OF-LAMPS",
        "ship_to": Address("CN", province="Zhejiang", **{**RECEIVER, "lines": tuple(RECEIVER["lines"])}),
        "lines": tuple(
            OrderLine(line_no, sku, quantity, PRICE, nothing) for line_no, (sku, quantity) in enumerate(lines, 1)
        ),
        "discount": nothing,
        "shipping": SHIPPING,
        "tax": nothing,
        "grand_total": goods + SHIPPING,
        "payment_reference": f"PAY-{number}:{(goods + SHIPPING).text}:CNY",
    }
    return Order(**{**fields, **changes})


def place_orders(sessions: Sessions, orders: Sequence[Order], status: str = "received") -> list[str]:
    """Store orders as the API does; return their ids."""
    names = [f"ORDER-{next(_numbers)}" for _ in orders]
    with sessions.begin() as session:
        session.add_all(_order_row(name, order, status) for name, order in zip(names, orders, strict=True))
        session.flush()
        session.add_all(
            OrderLineRow(
                order_id=name,
                line_no=line.line_no,
                sku=line.sku,
                title=line.title,
                channel_line_id=line.channel_line_id,
                quantity=line.quantity,
                unit_price_minor=line.unit_price.minor_units,
                discount_minor=line.discount.minor_units,
            )
            for name, order in zip(names, orders, strict=True)
            for line in order.lines
        )
        session.add_all(
            TenderRow(
                order_id=name,
                tender_no=one.tender_no,
                kind=one.kind,
                reference=one.reference,
                amount_minor=one.amount.minor_units,
                method=one.method,
                due_at=one.due_at,
                collected=one.collected,
            )
            for name, order in zip(names, orders, strict=True)
            for one in order.tenders
        )
    return names


def place_order(sessions: Sessions, lines: Sequence[tuple[str, int]] = LAMPS_AND_CUP, **changes: Any) -> str:
    return place_orders(sessions, [an_order(lines, **changes)])[0]


def stock_shop(sessions: Sessions, stock: Mapping[str, Mapping[str, int]]) -> None:
    """Receive units by location and SKU; create products and locations that are new."""
    skus = sorted({sku for units in stock.values() for sku in units})
    products = [{"sku": sku, "title": sku.title()} for sku in skus]
    places = [(name, *PROVINCES.get(name, ABROAD)) for name in stock]
    locations = [
        {"location_id": name, "kind": "warehouse", "name": name.title(), "country": country, "province": part}
        for name, country, part in places
    ]
    with sessions.begin() as session:
        session.execute(NEW_PRODUCTS, {"rows": json.dumps(products)})
        session.execute(NEW_LOCATIONS, {"rows": json.dumps(locations)})
        arrived = [
            Movement("received", sku, place, units) for place, goods in stock.items() for sku, units in goods.items()
        ]
        ledger.post(session, arrived, None, "the opening of the shop")


def store_webhook(sessions: Sessions, partner: str, kind: str, subject: str, /, **data: Any) -> tuple[str, str]:
    """Store a webhook as the API does; return its (partner, event id)."""
    event_id = f"EVENT-{next(_numbers)}"
    with sessions.begin() as session:
        session.add(PartnerEventRow(partner=partner, event_id=event_id, type=kind, subject=subject, data=data))
    return partner, event_id


def counters(sessions: Sessions, sku: str, location: str = "HANGZHOU") -> dict[str, int]:
    """The counters of a SKU at a location, and what is available there, without zeros."""
    with sessions() as session:
        row = session.get_one(StockRow, (sku, location))
        return {name: value for name in (*COUNTERS, "available") if (value := getattr(row, name))}


def assert_ledger_explains_stock(sessions: Sessions) -> None:
    """Assert that every counter is the sum of its movements, and that no available stock is negative."""
    explained: dict[tuple[str, str], Counter[str]] = {}
    with sessions() as session:
        for movement in session.scalars(select(StockMovementRow)):
            place = explained.setdefault((movement.sku, movement.location_id), Counter())
            for counter, sign in EFFECT[movement.kind].items():
                place[counter] += sign * movement.quantity
        for row in session.scalars(select(StockRow)):
            known = explained.get((row.sku, row.location_id), Counter())
            assert {name: getattr(row, name) for name in COUNTERS} == {name: known[name] for name in COUNTERS}
            assert row.available >= 0


def everything_in(sessions: Sessions) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table; a repeated step must leave it unchanged, to the last time stamp."""
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in Base.metadata.tables}
    # One statement, since reading seventy tables by themselves costs more than the steps between two readings.
    every = " UNION ALL ".join(f"SELECT '{name}', to_json(whole) FROM {name} AS whole" for name in found)
    with sessions() as session:
        for table, row in session.execute(text(every)):
            found[table].append(row)
    return {table: sorted(rows, key=repr) for table, rows in found.items()}


def events_of(sessions: Sessions, order_id: str) -> list[str]:
    """The types of an order's events, in the sequence of its log."""
    log = Base.metadata.tables["order_events"]
    with sessions() as session:
        return list(session.scalars(select(log.c.type).where(log.c.order_id == order_id).order_by(log.c.event_id)))


def _order_row(name: str, order: Order, status: str) -> OrderRow:
    to = order.ship_to
    receiver = {
        field: getattr(to, field) for field in ("name", "phone", "email", "city", "district", "postal_code")
    } | {"lines": list(to.lines)}
    return OrderRow(
        order_id=name,
        channel=order.channel,
        channel_order_id=order.channel_order_id,
        request_hash=name,
        content_hash=content_hash(order),
        status=status,
        placed_at=order.placed_at,
        customer_id=order.customer_id,
        currency=order.currency,
        discount_minor=order.discount.minor_units,
        shipping_minor=order.shipping.minor_units,
        tax_minor=order.tax.minor_units,
        grand_total_minor=order.grand_total.minor_units,
        payment_reference=order.payment_reference,
        payment_method=order.payment_method,
        shared_payment=order.shared_payment,
        collected_minor=order.collected.minor_units if order.collected else None,
        tendered_minor=order.tendered.minor_units,
        country=to.country,
        province=to.province,
        receiver=receiver,
        buyer_token=order.buyer.id_token if order.buyer else "",
        buyer_last4=order.buyer.id_last4 if order.buyer else "",
        buyer_name=order.buyer.masked_name if order.buyer else "",
        language=order.language,
        remarks=order.remarks,
        tags=list(order.tags),
        units=sum(line.quantity for line in order.lines),
    )
