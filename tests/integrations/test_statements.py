"""The statements client: by window and cursor, by id, and no malformed answer is believed."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse

from domain.errors import NotListed, PartnerTrouble, StatementRefused
from domain.money import Money
from domain.statement_books import CAPTURES, MESSAGES, POINTS, REFUNDS, SHIPMENTS, STOCK
from integrations import statements
from integrations.http import PartnerHttp
from integrations.messages import MessageInbox
from integrations.payments import Payments
from integrations.statements import Statements
from tests.integrations.servers import SECRET, serving
from tests.integrations.test_messages import message

Connected = Callable[[str], PartnerHttp]
START, END = datetime.now(UTC) - timedelta(hours=1), datetime.now(UTC) + timedelta(hours=1)


def test_messages_of_the_window_are_listed_page_by_page(partner: Connected, monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    monkeypatch.setattr(statements, "PAGE_SIZE", 2)
    names = [f"LISTED-{number}" for number in range(5)]
    MessageInbox(partner("channel")).deliver([message(name, "ORDER-LISTED") for name in names])
    channel = Statements(partner("channel"))

    # when
    found, cursor, pages = list[str](), "", 0
    while pages == 0 or cursor:
        page = channel.page(MESSAGES, START, END, cursor)
        found, cursor, pages = [*found, *(entry.subject for entry in page.entries)], page.cursor, pages + 1

    # then
    assert [name for name in found if name in names] == names
    assert (len(found), pages) == (len(set(found)), -(-len(found) // 2))
    assert channel.page(MESSAGES, END, END + timedelta(hours=1), "").entries == ()


def test_a_call_by_id_returns_entries_whenever_they_changed(
    partner: Connected, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statements, "MAX_IDS_PER_CALL", 2)
    names = [f"ASKED/{number}" for number in range(5)]
    MessageInbox(partner("erp")).deliver([message(name, "ORDER-ASKED") for name in names])

    found = Statements(partner("erp")).of(MESSAGES, [*names, "NEVER-CAME"])

    assert list(found) == names


def test_a_refund_is_listed_with_its_amount_and_our_own_key(partner: Connected) -> None:
    # given a refund whose key is not ASCII
    reference = "PAY-LISTED:25.90:CNY"
    Payments(partner("payments")).payment(reference)
    Payments(partner("payments")).refund(reference, Money(590, "CNY"), "return", "退货-1:refund")
    gateway = Statements(partner("payments"))

    # when
    paid = gateway.of(CAPTURES, [reference])[reference]
    refund = gateway.of(REFUNDS, ["退货-1:refund"])["退货-1:refund"]

    # then
    assert paid.amount == Money(2590, "CNY")
    assert (refund.amount, refund.status) == (Money(590, "CNY"), "succeeded")
    assert "退货-1:refund" in [entry.subject for entry in gateway.page(REFUNDS, START, END, "").entries]


def test_points_are_those_awarded_and_stock_is_what_was_counted(partner: Connected, ask: httpx2.Client) -> None:
    # given
    points = message("CRM-LISTED", "ORDER-LISTED") | {"data": {"customer_id": "C-LISTED", "points": 30}}
    MessageInbox(partner("crm")).deliver([points])
    ask.post("/crm/points-spent", json={"customer_id": "C-LISTED", "points": 10})
    lines = [{"sku": "LAMP/BLUE", "quantity": 7}, {"sku": "MISCOUNTED-CUP", "quantity": 7}]
    ask.post(
        "/wms/snapshots",
        json={"snapshot_id": "S-1", "location_id": "HZ", "taken_at": END.isoformat(), "lines": lines},
    )

    # when / then
    assert Statements(partner("crm")).of(POINTS, ["C-LISTED"])["C-LISTED"].quantity == 30
    counted = Statements(partner("wms")).page(STOCK, START, END, "").entries
    assert {entry.subject: entry.quantity for entry in counted} == {"HZ/LAMP/BLUE": 7, "HZ/MISCOUNTED-CUP": 6}


def test_an_unknown_book_raises_not_listed(partner: Connected) -> None:
    with pytest.raises(NotListed):
        Statements(partner("erp")).page(SHIPMENTS, START, END, "")


def test_a_rejected_query_is_a_refusal(partner: Connected) -> None:
    with pytest.raises(StatementRefused):
        Statements(partner("erp")).page(MESSAGES, START, END, "bm90IGEgY3Vyc29y")


GOOD = {"message_id": "M-1", "taken_at": "2026-11-11T00:00:00Z"}


@pytest.fixture
def answering() -> Iterator[Callable[[Any], Statements]]:
    """A partner that gives this answer to every call."""
    answer: dict[str, Any] = {}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await Request(scope, receive).body()
            await JSONResponse(answer["body"])(scope, receive, send)

    with serving(app) as address:
        client = PartnerHttp("erp", address, SECRET, timeout_seconds=2.0)

        def answering_with(body: Any) -> Statements:
            answer["body"] = body
            return Statements(client)

        yield answering_with
        client.close()


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, "items is not a list"),
        ({"items": [1]}, "items is not a list"),
        ({"items": [{}]}, r"items\[0\]: message_id"),
        ({"items": [GOOD, GOOD | {"message_id": "M\x00"}]}, r"items\[1\]: message_id"),
        ({"items": [GOOD | {"message_id": "M" * 500}]}, "message_id is not a text"),
        ({"items": [GOOD | {"taken_at": "yesterday"}]}, "taken_at is not a time"),
        ({"items": [GOOD | {"taken_at": "2026-11-11T00:00:00"}]}, "taken_at has no time zone"),
        ({"items": [GOOD | {"status": "s" * 50}]}, "status is not a short word"),
        ({"items": [GOOD | {"amount": "12.345", "currency": "CNY"}]}, "amount or currency"),
        ({"items": [GOOD | {"amount": "12"}]}, "currency is not a text"),
        ({"items": [GOOD], "next_cursor": 7}, "next_cursor is not a short text"),
        ({"items": [GOOD], "next_cursor": "SAME"}, "next_cursor leads back"),
    ],
)
def test_a_malformed_answer_is_trouble_that_names_the_field(
    answering: Callable[[Any], Statements], body: Any, wrong: str
) -> None:
    with pytest.raises(PartnerTrouble, match=wrong) as trouble:
        answering(body).page(MESSAGES, START, END, "SAME")
    assert "cursor=" not in str(trouble.value)


def test_an_entry_that_was_not_asked_for_is_dropped(answering: Callable[[Any], Statements]) -> None:
    assert answering({"items": [GOOD]}).of(MESSAGES, ["M-2"]) == {}
