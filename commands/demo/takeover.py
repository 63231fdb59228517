"""Scenes of the demo of a shop that was there before Baton, and that others sell and ship for as well."""

import io
import json
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import httpx2
from rich.console import Console

from commands.demo import numbers
from commands.demo.accounts import STORE_OF_THE_TILL
from commands.demo.addresses import IN_CHINA
from commands.demo.orders import ORDINARY, PRICES, order_body
from commands.demo.stage import Scene, Stage, expect
from commands.import_file import import_file
from commands.import_sources import NDJSON
from commands.seed import COVENT_GARDEN

PAST_ORDERS = 99
BOOK = "FIRST-EDITION"


def import_past(api_url: str, staff_key: str, folder: Path) -> int:
    """Import the past orders of the app as `baton import --history` does, and return how many are new."""
    file = folder / "past.ndjson"
    file.write_text("\n".join(json.dumps(body) for body in past_orders(datetime.now(UTC))))
    authorization = {"Authorization": f"Bearer {staff_key}"}
    with httpx2.Client(base_url=api_url, headers=authorization, timeout=60, trust_env=False) as client:
        quiet, progress = Console(file=io.StringIO()), folder / "past.import"
        figures = import_file(client, file, numbers.APP, NDJSON, None, progress, False, quiet, history=True)
    return figures.orders["new"]


def past_orders(now: datetime) -> list[dict[str, Any]]:
    """Return orders that the app sold and shipped before it had Baton, the last one a few days ago."""
    return [
        _past(f"{numbers.APP.upper()}-{number:04}", PAST_ORDERS - number + 3, now, basket, home)
        for number, basket, home in zip(
            range(1, PAST_ORDERS + 1), cycle(ORDINARY), islice(cycle(IN_CHINA), PAST_ORDERS), strict=False
        )
    ]


def history(stage: Stage) -> Scene:
    found = stage.read(f"/orders?channel={numbers.APP}&channel_order_id={numbers.PAST}") or {}
    expect(len(found.get("items", ())) == 1, f"{numbers.PAST} was not imported")
    order_id = found["items"][0]["order_id"]
    case = {"case_id": "CASE-OLD", "channel": numbers.APP, "channel_order_id": numbers.PAST, "reason": "too big"}
    stage.say(f"the CRM opens case CASE-OLD: {numbers.PAST}, an order of the past, comes back")
    stage.poke("/crm/cases", case | {"lines": [{"line_no": 1, "quantity": 1}]})
    found = yield from stage.case_closed(f"{order_id}-R-CASE-OLD")
    order = stage.read(f"/orders/{order_id}") or {}
    expect(order["past"] and not order["fulfillment_orders"], f"{numbers.PAST} was worked on like a new order")
    told = {message["milestone"] for message in stage.peek(f"/erp/messages?order_id={order_id}")["messages"]}
    expect(not told & {"received", "shipped", "delivered"}, f"finance was told of {numbers.PAST}: {', '.join(told)}")
    return (
        f"{PAST_ORDERS} past orders of the app came in by baton import --history: no step ran, no message went out. "
        f"{numbers.PAST} is one of them: a part of it came back, and {found['refund']} {found['currency']} were "
        "refunded, as for any order."
    )


def shipped_by_the_app(stage: Stage) -> Scene:
    number = numbers.SHIPPED_BY_THE_APP
    now = datetime.now(UTC).replace(microsecond=0)
    body = order_body(numbers.APP, number, {"TEA-SET": 1}, "CNY", IN_CHINA[2], now - timedelta(days=1))
    parcel = {"carrier": "SF Express", "waybill": "SF4003", "shipped_at": now.isoformat()}
    of_the_app = {"paid": True, "modified_at": now.isoformat(), "shipped_elsewhere": [parcel]}
    payment = {"reference": f"WALLET-{number}", "method": "wallet"}
    data = body | of_the_app | {"customer": {"customer_id": "C-app-9"}, "payment": payment}
    for _ in range(2):
        stage.push(numbers.APP, {"type": "order.updated", "data": data})
    order = yield from stage.ended(number)
    expect(not order["fulfillment_orders"], f"a warehouse was asked for {number}, which the app has shipped")
    expect(order["payment_status"] == "paid", f"{number} is {order['payment_status']}, though the app was paid")
    parcel = order["parcels_elsewhere"][0]
    return (
        f"The app itself had shipped {number} ({parcel['carrier']} {parcel['waybill']}) and been paid for it. Baton "
        "counts the sale, keeps the parcel, and asked no warehouse, however often the app said so."
    )


def carried_home(stage: Stage) -> Scene:
    price, now = PRICES["GBP"][BOOK], datetime.now(UTC)
    store, receipt = numbers.RECEIPT.split("-")
    expect(store == STORE_OF_THE_TILL, f"{numbers.RECEIPT} is of another store")
    sold = {
        "store_id": store,
        "receipt_no": receipt,
        "sold_at": now.isoformat(),
        "currency": "GBP",
        "total": price,
        "items": [{"sku": BOOK, "name": "First edition", "quantity": 1, "unit_price": price}],
        "tenders": [{"method": "card", "reference": f"TERMINAL-{receipt}", "amount": price}],
    }
    for _ in range(2):
        stage.push(numbers.TILL, sold)
    order = yield from stage.ended(numbers.RECEIPT)
    moved = (stage.read(f"/stock/movements?order={order['order_id']}&kind=shipped") or {})["items"]
    left = [(one["location_id"], one["sku"], one["quantity"]) for one in moved]
    expect(left == [(COVENT_GARDEN, BOOK, 1)], f"by receipt {numbers.RECEIPT} stock left as {left}")
    expect(order["payment_status"] == "paid", f"receipt {numbers.RECEIPT} is {order['payment_status']}")
    return (
        f"The till at Covent Garden sold a first edition for {price} GBP, receipt {numbers.RECEIPT}. It was carried "
        "home: paid, complete, and taken from the stock of the store once, though the till told it twice."
    )


def _past(number: str, days: int, now: datetime, basket: Any, home: dict[str, Any]) -> dict[str, Any]:
    """An order that was placed so many days ago, and shipped and delivered in the two days after."""
    placed = (now - timedelta(days=days)).replace(microsecond=0)
    at = (placed + timedelta(days=2)).isoformat()
    parcel = {"carrier": "SF Express", "waybill": f"SF{number}", "shipped_at": at, "delivered_at": at}
    body = order_body(numbers.APP, number, basket, "CNY", home, placed)
    known = {"modified_at": at, "paid": True, "shipped_elsewhere": [parcel]}
    return body | known | {"customer": {"customer_id": f"C-{number}"}}
