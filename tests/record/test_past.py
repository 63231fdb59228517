"""Which orders are of the past, with which money and units, and that each is recorded once."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from models.database import Sessions
from record.channels import fetched
from record.channels.accounts import Account, make_account
from record.channels.fetched import Fetched, take_fetched, take_past
from record.channels.past_orders import NoPastOrder, PastReading, read_past, write_past
from record.channels.reading import read_order
from record.orders.past import PastOrder, PastWriter
from tests.channels.payloads import parsed
from tests.factories import everything_in

ACCOUNT = make_account("web-shop", "shopify")
SHIPPED = {"fulfillment_status": "fulfilled"}


def read(**changes: Any) -> PastReading | NoPastOrder:
    return read_past(ACCOUNT, json.dumps(parsed("shopify", "ordinary") | changes).encode())


def past(**changes: Any) -> PastOrder:
    found = read(**(SHIPPED | changes))
    assert isinstance(found, PastReading), found
    return found.order


def refund(units: int, amount: str, line: int = 0) -> dict[str, Any]:
    item = parsed("shopify", "ordinary")["line_items"][line]
    money = {"kind": "refund", "status": "success", "amount": amount, "currency": "USD"}
    lines = [{"line_item_id": item["id"], "quantity": units}] if units else []
    return {"transactions": [money], "refund_line_items": lines}


def total() -> int:
    return round(float(parsed("shopify", "ordinary")["total_price"]) * 100)


@pytest.mark.parametrize(
    ("changes", "status", "captured", "refunded"),
    [
        ({}, "completed", total(), 0),
        ({"refunds": [refund(1, "10.00")]}, "completed", total(), 1000),
        ({"financial_status": "refunded"}, "completed", total(), total()),
        ({"refunds": [refund(0, "99999.00")]}, "completed", total(), total()),
        ({"financial_status": "pending"}, "completed", None, 0),
        ({"financial_status": "pending", "payment_gateway_names": ["Cash on Delivery"]}, "completed", total(), 0),
        ({"cancelled_at": "2026-03-04T10:00:00Z", "fulfillment_status": None}, "canceled", None, 0),
        ({"cancelled_at": "2026-03-04T10:00:00Z", "refunds": [refund(0, "20.00")]}, "canceled", 2000, 2000),
    ],
)
def test_money_is_as_the_channel_says(changes: Any, status: str, captured: int | None, refunded: int) -> None:
    order = past(**changes)

    assert (order.status, order.captured, order.refunded) == (status, captured, refunded)


def test_what_is_still_to_be_sent_is_not_of_the_past() -> None:
    lines = sum(item["quantity"] for item in parsed("shopify", "ordinary")["line_items"])

    found = read()

    assert found == NoPastOrder("lines", f"{lines} of its units were neither shipped nor refunded: it is no past order")


def test_what_was_refunded_instead_of_shipped_is_of_the_past() -> None:
    items = parsed("shopify", "ordinary")["line_items"]
    back = [refund(item["quantity"], "1.00", number) for number, item in enumerate(items)]

    found = read(refunds=back)

    assert isinstance(found, PastReading)
    lines = json.loads(f"[{found.order.new.lines}]")
    assert [(one["elsewhere"], one["canceled"]) for one in lines] == [(0, item["quantity"]) for item in items]


def test_two_imports_at_once_record_each_order_once(sessions: Sessions) -> None:
    orders = [past(id=number, checkout_token=f"T-{number}") for number in range(40)]
    writer = PastWriter(sessions)

    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(lambda many: write_past(writer, many), (orders, orders[::-1])))

    rows = everything_in(sessions)
    assert (len(rows["orders"]), len(rows["money_movements"])) == (40, 40)
    assert sum(receipt.new for answer in answers for receipt in answer if not isinstance(receipt, NoPastOrder)) == 40
    assert (rows["messages"], rows["reservations"], rows["intakes"]) == ([], [], [])


def refunded_later(sessions: Sessions, **changes: Any) -> int:
    """Record a past order, and take in a later state of it. Return what is booked as paid back."""
    write_past(PastWriter(sessions), [past()])
    later = SHIPPED | {"updated_at": "2026-12-24T10:00:00Z"} | changes
    take_fetched(sessions, ACCOUNT, [Fetched(json.dumps(parsed("shopify", "ordinary") | later).encode())])
    moved = everything_in(sessions)["money_movements"]
    return sum(row["amount_minor"] for row in moved if row["kind"] == "refunded")


@pytest.mark.parametrize(
    "changes",
    [
        {"refunds": [refund(1, "10.00")]},
        {"refunds": [{"refund_line_items": refund(1, "0")["refund_line_items"], "transactions": []}]},
        {"financial_status": "refunded"},
    ],
)
def test_a_later_refund_is_worth_what_it_would_have_been_before(sessions: Sessions, changes: Any) -> None:
    assert refunded_later(sessions, **changes) == past(**changes).refunded > 0


def test_a_channel_that_calls_an_order_refunded_without_an_amount_means_all_of_it() -> None:
    states: list[dict[str, Any]] = [{}, {"financial_status": "refunded"}, {"refunds": [refund(1, "10.00")]}]
    payloads = [json.dumps(parsed("shopify", "ordinary") | state).encode() for state in states]

    assert [read_order(ACCOUNT, raw).said_refunded for raw in payloads] == [0, total(), 10_00]


def test_a_past_order_that_its_channel_cancels_later_is_paid_back(sessions: Sessions) -> None:
    assert refunded_later(sessions, cancelled_at="2026-12-24T10:00:00Z") == total()


def test_a_past_order_that_the_record_refuses_is_never_taken_in_as_a_new_one(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given three orders that were over before, of which the record does not take one
    def read_broken(account: Account, raw: bytes) -> PastReading | NoPastOrder:
        found = read_past(account, raw)
        assert isinstance(found, PastReading)
        return found if b'"id": 7,' not in raw else replace(found, order=replace(found.order, currency="\x00"))

    monkeypatch.setattr(fetched, "read_past", read_broken)
    page = [
        Fetched(json.dumps({"id": number} | parsed("shopify", "ordinary") | SHIPPED | {"id": number}).encode())
        for number in (6, 7, 8)
    ]

    # when they are read twice
    reads = [take_past(sessions, ACCOUNT, page, datetime(2027, 1, 1, tzinfo=UTC)) for _ in range(2)]

    # then it is kept as refused, and the known ones come again as news
    assert [([page.index(one) for one in live], [one.status for one in refused]) for live, refused in reads] == [
        ([], ["rejected"]),
        ([0, 2], ["rejected"]),
    ]
    assert len(everything_in(sessions)["orders"]) == 2


def test_one_order_that_the_record_does_not_take_fails_alone(sessions: Sessions) -> None:
    # A text that PostgreSQL does not store.
    broken = past(id=7, checkout_token="T-7")
    bad = PastOrder(**{name: getattr(broken, name) for name in broken.__slots__} | {"currency": "\x00"})

    answers = write_past(
        PastWriter(sessions), [past(id=6, checkout_token="T-6"), bad, past(id=8, checkout_token="T-8")]
    )

    assert [isinstance(answer, NoPastOrder) for answer in answers] == [False, True, False]
    assert len(everything_in(sessions)["orders"]) == 2
