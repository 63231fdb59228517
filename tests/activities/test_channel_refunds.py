"""Refunds of what a channel has collected: by its call, by a person, and by what the channel says later; each once."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import select

from activities.audit import AuditRequest
from activities.payments import RefundAnswer, refund
from commands.channels import save_account
from commands.parameters import set_parameter
from commands.verify import verify
from domain.errors import PartnerTrouble
from domain.money import Money
from domain.undo import Undone
from integrations.payments import GatewayPayment, GatewayRefund
from integrations.refunds.plain import PlainRefund
from integrations.refunds.refunder import ChannelRefund
from models.messaging import MessageRow
from models.order import OrderRow
from models.payment import AskedRefundRow, MoneyMovementRow
from models.refunds import RefundTaskRow
from record import money
from record.order_mapping import lock_order, order_of
from record.orders import refund_tasks
from record.orders.collected import take_money
from record.orders.refund_tasks import ReminderSweep
from record.orders.told_refunds import book_told
from tests.activities.story import Steps
from tests.factories import LAMPS_AND_CUP, events_of, place_order

PAID = 6797
URLS = {"plain": "/channel", "shopify": "/shopify/admin/api/2025-10"}
TOKENS = {"plain": "simulated-token", "shopify": "shpat_simulated"}
SHOPIFY_ORDER = 450_789_469


@pytest.fixture
def client(address: str) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=address) as client:
        yield client


def by_platform(steps: Steps, refunds: str = "channel") -> None:
    terms = {"tmall": {"*": {"kind": "platform", "refunds": refunds}}}
    set_parameter(steps.sessions, "payment_terms", terms, datetime(2020, 1, 1, tzinfo=UTC), None, "a contract", "sun")


def open_account(steps: Steps, client: httpx2.Client, translator: str = "plain") -> None:
    url = str(client.base_url).rstrip("/") + URLS[translator]
    refund = {"url": url, "token": TOKENS[translator], "timeout": 5}
    save_account(steps.sessions, "tmall", translator, "a secret of the tests", {"refund": refund})


def collected(steps: Steps, name: str = "") -> Steps:
    named = {"channel_order_id": name} if name else {}
    order_id = place_order(steps.sessions, LAMPS_AND_CUP, collected=Money(PAID, "CNY"), **named)
    steps = replace(steps, order_id=order_id, stored={})
    steps.audit.audit_order(AuditRequest(order_id, 1))
    return steps


def back(steps: Steps) -> list[tuple[int, str]]:
    with steps.sessions() as session:
        mine = MoneyMovementRow.order_id == steps.order_id, MoneyMovementRow.kind == "refunded"
        rows = select(MoneyMovementRow).where(*mine).order_by(MoneyMovementRow.movement_id)
        return [(row.amount_minor, row.gateway_reference) for row in session.scalars(rows)]


def pay(steps: Steps, minor: int, key: str) -> RefundAnswer:
    with steps.sessions() as session:
        order = order_of(session, steps.order_id)
    return refund(steps.sessions, steps.refunds.ways, order, Money(minor, "CNY"), "goodwill", f"{steps.order_id}:{key}")


def tell(steps: Steps, total: int) -> None:
    with steps.sessions.begin() as session:
        book_told(session, lock_order(session, steps.order_id), total)


def task_of(steps: Steps) -> RefundTaskRow:
    with steps.sessions() as session:
        return session.scalars(select(RefundTaskRow).where(RefundTaskRow.order_id == steps.order_id)).one()


def paid_there(client: httpx2.Client, name: str) -> list[str]:
    every = client.get("/channel/refunds").json()["refunds"]
    return [one["amount"] for one in every if one["channel_order_id"] == name]


def numbered(steps: Steps) -> str:
    with steps.sessions() as session:
        return order_of(session, steps.order_id).channel_order_id


def test_a_canceled_order_is_paid_back_by_the_channel_once_though_its_answer_is_lost(
    steps: Steps, client: httpx2.Client
) -> None:
    # given
    by_platform(steps)
    open_account(steps, client)
    order = collected(steps)
    client.post("/channel/refunds/troubles", json={"lost": 1}).raise_for_status()

    # when
    with pytest.raises(PartnerTrouble):
        order.refunds.refund_order(order.undo(order.order_id))
    answers = [order.refunds.refund_order(order.undo(order.order_id)) for _ in range(2)]

    # then
    assert answers == [Undone(True), Undone(True)]
    assert paid_there(client, numbered(order)) == ["67.97"]
    assert [minor for minor, _ in back(order)] == [PAID]


def test_shopify_pays_back_out_of_its_transactions_once(steps: Steps, client: httpx2.Client) -> None:
    # given
    by_platform(steps)
    open_account(steps, client, "shopify")
    there = {"id": SHOPIFY_ORDER, "line_items": [], "financial_status": "paid", "total_price": "67.97"}
    client.post("/shopify/orders", json=there).raise_for_status()
    order = collected(steps, str(SHOPIFY_ORDER))
    client.post("/shopify/troubles", json={"lost": 1}).raise_for_status()

    # when
    with pytest.raises(PartnerTrouble):
        pay(order, 2000, "R-1")
    answers = [pay(order, 2000, "R-1"), pay(order, 4000, "R-2")]

    # then
    assert answers == [RefundAnswer(2000), RefundAnswer(4000)]
    headers = {"X-Shopify-Access-Token": TOKENS["shopify"]}
    refunds = client.get(f"{URLS['shopify']}/orders/{SHOPIFY_ORDER}/refunds.json", headers=headers).json()["refunds"]
    assert [one["transactions"][0]["amount"] for one in refunds] == ["20.00", "40.00"]
    assert [minor for minor, _ in back(order)] == [2000, 4000]


@pytest.mark.parametrize("why", ["terms", "no_adapter", "over_its_time"])
def test_a_person_pays_where_the_channel_does_not(why: str, steps: Steps, client: httpx2.Client) -> None:
    # given terms by which a person pays, a channel without calls for it, or one that refuses
    by_platform(steps, "person" if why == "terms" else "channel")
    if why == "over_its_time":
        open_account(steps, client)
    order = collected(steps)
    client.post("/channel/refunds/troubles", json={"refused": [numbered(order)]}).raise_for_status()

    # when it is asked for twice
    answers = [order.refunds.refund_order(order.undo(order.order_id)) for _ in range(2)]

    # then it is one task, finance is told, and nothing is booked nor free to be paid back otherwise
    assert answers == [Undone(True), Undone(True)]
    task = task_of(order)
    assert (task.amount_minor, task.why, task.done_at, back(order)) == (PAID, why, None, [])
    with steps.sessions() as session:
        assert money.refundable(session, order.order_id).minor_units == 0
        told = select(MessageRow.recipient, MessageRow.data["amount"].as_string())
        [message] = session.execute(told.where(MessageRow.milestone == "refund_due")).all()
        attention = session.get_one(OrderRow, order.order_id).attention
    assert tuple(message) == ("erp", "67.97")
    assert attention == f"pay back by hand: 67.97 CNY, task {task.task_id}"
    assert "refund.asked" in events_of(steps.sessions, order.order_id)

    # and it is booked when it is said that it was paid
    with steps.sessions.begin() as session:
        row = session.get_one(RefundTaskRow, task.task_id)
        refund_tasks.pay(session, row, PAID, "2026112300003", "Mo the manager")
    assert back(order) == [(PAID, "2026112300003")]
    with steps.sessions() as session:
        assert session.get_one(OrderRow, order.order_id).attention is None
        assert list(session.scalars(select(AskedRefundRow))) == []


def test_a_person_is_reminded_once_a_day_until_it_is_paid(steps: Steps) -> None:
    # given
    by_platform(steps, "person")
    order = collected(steps)
    pay(order, 1000, "R-1")
    sweep, tomorrow = ReminderSweep(steps.sessions), datetime.now(UTC) + timedelta(days=1, minutes=1)

    # when
    reminded = [sweep.run(at) for at in (datetime.now(UTC), tomorrow, tomorrow, tomorrow + timedelta(days=1))]

    # then
    assert reminded == [0, 1, 0, 1]
    assert task_of(order).reminders == 2
    assert events_of(steps.sessions, order.order_id).count("alert.raised") == 3


def test_what_the_channel_says_settles_tasks_and_calls_and_is_booked_once(steps: Steps) -> None:
    # given a task for 10, and a call for 20 whose answer was lost
    by_platform(steps, "person")
    order = collected(steps)
    pay(order, 1000, "R-1")
    call = AskedRefundRow(
        key=f"{order.order_id}:R-2", link="", order_id=order.order_id, amount_minor=2000, currency="CNY"
    )
    with steps.sessions.begin() as session:
        session.add(call)

    # when the channel says that it has paid back 4, then 30 and 5 of its own; each twice
    for total in (400, 400, 3500, 3500, 400):
        tell(order, total)

    # then
    assert [minor for minor, _ in back(order)] == [400, 600, 2000, 500]
    assert task_of(order).done_by == "tmall"
    assert pay(order, 2000, "R-2") == RefundAnswer(2000)
    with steps.sessions() as session:
        assert money.refundable(session, order.order_id).minor_units == PAID - 3500


def test_a_channel_that_pays_back_and_cancels_is_not_asked_to_pay_again(steps: Steps, client: httpx2.Client) -> None:
    # given
    by_platform(steps)
    open_account(steps, client)
    order = collected(steps)

    # when
    with steps.sessions.begin() as session:
        take_money(session, lock_order(session, order.order_id), PAID)
    undone = order.refunds.refund_order(order.undo(order.order_id))

    # then
    assert (undone, paid_there(client, numbered(order)), [minor for minor, _ in back(order)]) == (
        Undone(True),
        [],
        [PAID],
    )


def test_the_gateway_is_never_asked_about_what_a_channel_collects(
    steps: Steps, client: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_platform(steps, "person")
    order = collected(steps)

    def nobody(*asked: Any) -> GatewayPayment:
        raise AssertionError(f"the gateway was asked: {asked}")

    for call in ("payment", "refund"):
        monkeypatch.setattr(steps.refunds.ways.payments, call, nobody)

    assert order.refunds.refund_order(order.undo(order.order_id)) == Undone(True)
    names = ("every refund that a person pays is set aside until it is booked", "undone orders gave all money back")
    results = [one for one in verify(steps.sessions).results if one.name.startswith(names)]
    assert [one.wrong for one in results] == [0, 0]


def test_a_channel_is_told_which_refunds_are_booked_so_that_none_answers_for_another(
    steps: Steps, client: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    by_platform(steps)
    open_account(steps, client)
    order = collected(steps)
    asked, sends = list[frozenset[str]](), PlainRefund.refund

    def heard(self: PlainRefund, one: ChannelRefund) -> GatewayRefund:
        asked.append(one.booked)
        return sends(self, one)

    monkeypatch.setattr(PlainRefund, "refund", heard)

    # when
    for key in ("one", "two"):
        pay(order, 1000, key)

    # then
    [(_, first), _] = back(order)
    assert asked == [frozenset(), frozenset({first})]
