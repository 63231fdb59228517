"""B10: a payment belongs to one order. No order is shipped or refunded on another order's payment."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from activities.audit import AuditRequest
from activities.audit_findings import AuditResult
from activities.payments import NOT_ITS_OWN
from commands.verify import verify
from domain.money import Money
from domain.order import Order
from integrations.channels.files import read_csv
from integrations.channels.registry import TRANSLATORS
from models.channel import ChannelAccountRow
from models.database import Sessions
from models.order import HoldRow, OrderRow
from models.payment import MoneyMovementRow, PaymentRow
from record.orders import changes, movements, payment_claims
from record.orders.movements import Movement
from record.orders.rows import new_order
from relay.rows import FIND_PAYMENT
from tests.activities.story import Steps
from tests.channels.payloads import sample
from tests.channels.test_translating import READABLE
from tests.factories import an_order, place_orders

Ask = Callable[..., Any]
PAYMENT = "PAY-OF-XIADAN:330.00:CNY"


def with_order(steps: Steps, **changes: Any) -> Steps:
    """The same steps for a new order, which names PAYMENT by default."""
    order = an_order(**{"payment_reference": PAYMENT, "grand_total": Money(33_000, "CNY"), **changes})
    return replace(steps, order_id=place_orders(steps.sessions, [order])[0], stored={})


def audit(steps: Steps) -> AuditResult:
    return steps.audit.audit_order(AuditRequest(steps.order_id, 1))


def holds_of(steps: Steps) -> dict[str, str]:
    with steps.sessions() as session:
        rows = session.scalars(select(HoldRow).where(HoldRow.order_id == steps.order_id))
        return {row.code: row.reason for row in rows}


def booked(steps: Steps) -> list[tuple[str, int]]:
    with steps.sessions() as session:
        rows = session.scalars(select(MoneyMovementRow).where(MoneyMovementRow.order_id == steps.order_id))
        return [(row.kind, row.amount_minor) for row in rows]


def refunds(ask: Ask, reference: str = PAYMENT) -> list[str]:
    return [one["amount"] for one in ask("/payments/refunds", payment_reference=reference)["refunds"]]


@pytest.mark.parametrize("channel", ["tmall", "shop"])
def test_b10_a_second_order_on_the_same_payment_is_held_by_name(steps: Steps, channel: str) -> None:
    # given
    mine, other = with_order(steps, channel="tmall"), with_order(steps, channel=channel)

    # when the later one is audited first
    held, passed = audit(other), audit(mine)

    # then
    assert "PAYMENT_TAKEN" in held.open.codes
    assert "PAYMENT_TAKEN" not in passed.open.codes
    assert "belongs to another order" in holds_of(other)["PAYMENT_TAKEN"]
    assert mine.order_id not in holds_of(other)["PAYMENT_TAKEN"]
    assert (booked(mine), booked(other)) == ([("captured", 33_000)], [])


def test_b10_two_orders_on_one_payment_at_once_capture_it_once(steps: Steps) -> None:
    both = [with_order(steps, channel=channel) for channel in ("tmall", "shop")]

    with ThreadPoolExecutor(2) as threads:
        results = list(threads.map(audit, both))

    assert ["PAYMENT_TAKEN" in result.open.codes for result in results] == [False, True]
    assert [booked(one) for one in both] == [[("captured", 33_000)], []]
    assert not [result for result in verify(steps.sessions).results if "payment" in result.name and result.wrong]


@pytest.mark.parametrize("total", [100, 33_000])
def test_b10_canceling_an_order_with_anothers_payment_refunds_nothing(steps: Steps, ask: Ask, total: int) -> None:
    # given the order of a thief, of the same amount or another
    reference = f"PAY-VICTIM-{total}:330.00:CNY"
    mine = with_order(steps, payment_reference=reference)
    thief = with_order(steps, channel="shop", payment_reference=reference, grand_total=Money(total, "CNY"))
    audit(mine), audit(thief)

    # when
    undone = thief.refunds.refund_order(thief.undo(thief.order_id))

    # then
    assert (undone.done, refunds(ask, reference), booked(thief)) == (True, [], [])
    assert mine.refunds.refund_order(mine.undo(mine.order_id)).done
    assert refunds(ask, reference) == ["330.00"]


def test_b10_a_payment_that_0_1_0_booked_for_two_orders_is_left_to_a_person(steps: Steps, ask: Ask) -> None:
    # given two orders that 0.1.0 let have the same payment
    reference = "PAY-BEFORE:330.00:CNY"
    mine, other = (with_order(steps, channel=name, payment_reference=reference) for name in ("tmall", "shop"))
    with steps.sessions.begin() as session:
        for one in (mine, other):
            movements.book(session, Movement(one.order_id, reference, "captured", Money(33_000, "CNY")))

    # when
    undone = other.refunds.refund_order(other.undo(other.order_id))

    # then
    assert (undone.done, undone.detail) == (False, NOT_ITS_OWN)
    assert refunds(ask, reference) == []
    assert [one.wrong for one in verify(steps.sessions).results if one.name == "no payment pays for two orders"] == [1]


def test_b10_a_payment_event_reaches_only_its_own_order(steps: Steps) -> None:
    # given
    mine, _ = with_order(steps, channel="tmall"), with_order(steps, channel="shop")
    # when
    with steps.sessions.begin() as session:
        session.execute(OrderRow.__table__.update().values(workflow_started_at=OrderRow.received_at))
        before = [row.target for row in session.execute(FIND_PAYMENT, {"keys": [PAYMENT]})]
        payment_claims.bind(session, PAYMENT)
        bound = [row.target for row in session.execute(FIND_PAYMENT, {"keys": [PAYMENT]})]

    # then
    assert before == bound == [mine.order_id]


def test_b10_an_order_cannot_claim_another_channels_payment_in_advance(steps: Steps) -> None:
    # given the number of an order that the platform has and Baton does not know yet
    reference = "marketplace:902-3159896-1390916"
    with steps.sessions.begin() as session:
        account = {"translator": "amazon", "settings": {}, "secret": "s" * 40}
        session.add(ChannelAccountRow(channel="marketplace", **account))
    thief = with_order(steps, channel="shop", payment_reference=reference)

    # when
    held = audit(thief)
    theirs = with_order(steps, channel="marketplace", payment_reference=reference)

    # then
    assert "PAYMENT_TAKEN" in held.open.codes
    assert "PAYMENT_TAKEN" not in audit(theirs).open.codes
    with steps.sessions() as session:
        assert session.get_one(PaymentRow, reference).order_id == theirs.order_id


@pytest.mark.parametrize(("channel", "name"), READABLE)
def test_b10_no_translator_makes_up_a_payment_reference(channel: str, name: str) -> None:
    """A reference is one that the channel sent, the order's number with the channel before it, or empty."""
    order = TRANSLATORS[channel].translate(sample(channel, name)).order
    own = f"{order.channel}:{order.channel_order_id}"
    texts = _texts(json.loads(sample(channel, name).decode("utf-8-sig")))
    assert order.payment_reference in ("", own) or order.payment_reference in texts
    assert order.payment_reference != order.channel_order_id


def test_b10_a_file_row_without_a_payment_has_no_reference() -> None:
    rows = ["channel_order_id,placed_at,currency,country,sku,quantity,unit_price,grand_total"]
    rows += ["1001,2026-01-01T00:00:00Z,CNY,CN,ELEGANT-LAMP,1,199.00,199.00"]
    [one] = read_csv(rows)
    assert one.result.order.payment_reference == ""  # type: ignore[union-attr]


def test_b10_an_order_without_a_payment_reference_is_held_until_the_channel_names_one(steps: Steps) -> None:
    # given
    unnamed = an_order(payment_reference="", grand_total=Money(33_000, "CNY"))
    one = replace(steps, order_id=place_orders(steps.sessions, [unnamed])[0])
    assert "PAYMENT" in audit(one).open.codes
    assert "not named the payment" in holds_of(one)["PAYMENT"]

    # when
    merge(steps.sessions, one.order_id, replace(unnamed, payment_reference=PAYMENT), "2")
    merge(steps.sessions, one.order_id, replace(unnamed, payment_reference="PAY-OTHER:1.00:CNY"), "3")

    # then the first reference stands, and a person is alerted to the second
    with steps.sessions() as session:
        row = session.get_one(OrderRow, one.order_id)
        assert (row.payment_reference, row.attention) == (PAYMENT, changes.OTHER_PAYMENT)
    assert "PAYMENT" not in one.audit.audit_order(AuditRequest(one.order_id, 2)).open.codes


def merge(sessions: Sessions, order_id: str, order: Order, version: str) -> None:
    with sessions.begin() as session:
        row = session.get_one(OrderRow, order_id, with_for_update=True)
        changes.merge(session, row, order, new_order(order, "tmall"), version)


def _texts(node: Any) -> set[str]:
    """Every text and number in a payload."""
    if isinstance(node, dict):
        return {text for value in node.values() for text in _texts(value)}
    if isinstance(node, list):
        return {text for value in node for text in _texts(value)}
    return {str(node)}
