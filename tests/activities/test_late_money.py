"""Captured money is booked whenever it comes, and is refunded when its order sends nothing."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx2
import pytest
from sqlalchemy import select

from activities.outcome import Ending
from activities.settlement import Settled, Settlement
from commands.verify import verify
from domain.errors import PartnerTrouble
from domain.money import Money
from domain.returns.requests import EndReturnRequest
from models.messaging import MessageRow, PartnerEventRow
from models.order import OrderRow
from models.payment import MoneyMovementRow
from models.returns import ReturnRow
from record.orders import payment_claims
from record.orders.payment_claims import CHECK_ASKED
from tests.activities.story import Steps
from tests.factories import an_order, place_orders, store_webhook

Ask, Trouble = Callable[..., Any], Callable[..., None]
TOTAL = Money(6_797, "CNY")


@pytest.fixture
def unpaid(steps: Steps, request: pytest.FixtureRequest) -> Steps:
    """An unpaid order, whose payment reference no other order has."""
    order = an_order(payment_reference=f"ALI-{request.node.name}"[:100])
    return replace(steps, order_id=place_orders(steps.sessions, [order])[0], stored={})


def order_of(steps: Steps) -> OrderRow:
    with steps.sessions() as session:
        return session.get_one(OrderRow, steps.order_id)


def pay(steps: Steps, address: str, amount: Money = TOTAL) -> None:
    """Pay at the gateway, without its webhook."""
    payment = {"reference": order_of(steps).payment_reference, "status": "captured"}
    body = payment | {"amount": amount.text, "currency": amount.currency}
    httpx2.post(f"{address}/payments/payments", json=body).raise_for_status()


def hear(steps: Steps, amount: Money = TOTAL) -> None:
    """Book a capture as the relay does when the gateway's webhook comes."""
    with steps.sessions.begin() as session:
        payment_claims.capture(session, order_of(steps).payment_reference, amount)


def refund(steps: Steps) -> bool:
    return steps.refunds.refund_order(steps.undo(steps.order_id)).done


def end(steps: Steps, status: str = "canceled") -> None:
    if status == "completed":
        with steps.sessions.begin() as session:
            session.get_one(OrderRow, steps.order_id).status = "in_progress"
    steps.outcome.end_order(Ending(steps.order_id, status, "a reason"))


def settle(steps: Steps) -> Settled:
    return Settlement(steps.sessions, steps.refunds.ways).settle_payment(steps.order_id)


def refunded_there(steps: Steps, ask: Ask) -> list[str]:
    """The refunds that the gateway has made for the order."""
    refunds = ask("/payments/refunds", payment_reference=order_of(steps).payment_reference)["refunds"]
    return [f"{one['amount']} {one['currency']}" for one in refunds]


def booked(steps: Steps, kind: str) -> list[tuple[int, str]]:
    with steps.sessions() as session:
        of_order = MoneyMovementRow.order_id == steps.order_id, MoneyMovementRow.kind == kind
        rows = session.scalars(select(MoneyMovementRow).where(*of_order).order_by(MoneyMovementRow.movement_id))
        return [(row.amount_minor, row.currency) for row in rows]


def checks(steps: Steps) -> list[str]:
    """The payments that are due to be checked at the gateway."""
    with steps.sessions() as session:
        asked = select(PartnerEventRow.subject).where(PartnerEventRow.type == CHECK_ASKED)
        return list(session.scalars(asked))


def money_is_whole(steps: Steps) -> bool:
    return not [
        one for one in verify(steps.sessions).results if one.wrong and ("money" in one.name or "pa" in one.name)
    ]


def test_dist_03_money_captured_after_the_audit_goes_back_with_the_order(unpaid: Steps, address: str, ask: Ask) -> None:
    # given an order that staff released, and a payment whose webhook was lost
    unpaid.up_to("audit_order")
    pay(unpaid, address)

    # when
    assert refund(unpaid)
    end(unpaid)

    # then
    assert (booked(unpaid, "captured"), refunded_there(unpaid, ask)) == ([(6_797, "CNY")], ["67.97 CNY"])
    assert (checks(unpaid), order_of(unpaid).attention) == ([], None)
    assert money_is_whole(unpaid)


def test_dist_03_money_captured_during_a_cancel_is_refunded_and_shown(unpaid: Steps, address: str, ask: Ask) -> None:
    # given a cancel that found nothing to refund
    assert refund(unpaid)
    pay(unpaid, address)
    hear(unpaid)

    # when it ends
    end(unpaid)

    # then a check at the gateway is due, and verify stays clean meanwhile
    assert checks(unpaid) == [order_of(unpaid).payment_reference]
    assert money_is_whole(unpaid)
    assert settle(unpaid).refunded == "67.97 CNY"
    assert refunded_there(unpaid, ask) == ["67.97 CNY"]
    assert "captured after the order had ended, and was paid back" in (order_of(unpaid).attention or "")


def test_dist_03_money_of_an_open_case_stays_with_the_case_until_it_ends(unpaid: Steps, address: str, ask: Ask) -> None:
    # given an order whose goods all came back, in a case that is not refunded yet
    pay(unpaid, address)
    hear(unpaid)
    with unpaid.sessions.begin() as session:
        session.add(ReturnRow(return_id="R-1", order_id=unpaid.order_id, case_id="1", status="approved", reason=""))

    # when the order ends, and its payment is settled
    end(unpaid)
    assert (settle(unpaid), checks(unpaid)) == (Settled(), [])

    # then what the case did not refund is refunded once it has ended
    unpaid.returns.end_return(EndReturnRequest("R-1", "canceled", "the customer thought better of it"))
    assert checks(unpaid) == [order_of(unpaid).payment_reference]
    assert settle(unpaid).refunded == "67.97 CNY"
    assert refunded_there(unpaid, ask) == ["67.97 CNY"]


@pytest.mark.parametrize("status", ["canceled", "rejected", "expired"])
def test_dist_03_money_captured_after_an_order_ended_without_goods_is_refunded_once(
    unpaid: Steps, address: str, ask: Ask, status: str
) -> None:
    # given
    end(unpaid, status)
    pay(unpaid, address)

    # when its webhook comes twice, and it is settled twice
    hear(unpaid), hear(unpaid)
    shown = order_of(unpaid).attention
    answers = [settle(unpaid) for _ in range(2)]

    # then
    assert shown == "67.97 CNY was captured after the order had ended: it is paid back"
    assert [answer.refunded for answer in answers] == ["67.97 CNY", ""]
    assert refunded_there(unpaid, ask) == ["67.97 CNY"]
    assert booked(unpaid, "captured") == booked(unpaid, "refunded") == [(6_797, "CNY")]
    with unpaid.sessions() as session:
        of_refund = MessageRow.order_id == unpaid.order_id, MessageRow.milestone == "refunded"
        assert session.scalars(select(MessageRow).where(*of_refund)).first()
    assert money_is_whole(unpaid)


def test_dist_03_money_captured_after_the_delivery_stays_and_sets_attention(
    unpaid: Steps, address: str, ask: Ask
) -> None:
    end(unpaid, "completed")
    pay(unpaid, address)

    assert settle(unpaid) == Settled()

    assert order_of(unpaid).attention == "67.97 CNY was captured after the order had ended"
    assert (booked(unpaid, "captured"), refunded_there(unpaid, ask)) == ([(6_797, "CNY")], [])


def test_dist_03_a_capture_known_already_sets_no_attention_after_the_end(unpaid: Steps) -> None:
    hear(unpaid)
    end(unpaid, "completed")

    hear(unpaid)

    assert order_of(unpaid).attention is None


@pytest.mark.parametrize(
    ("captures", "books"),
    [
        ([TOTAL, TOTAL], [(6_797, "CNY")]),
        ([Money(3_000, "CNY"), TOTAL], [(3_000, "CNY"), (3_797, "CNY")]),
        ([TOTAL, Money(3_000, "CNY")], [(6_797, "CNY")]),
        ([TOTAL, TOTAL * 2, TOTAL], [(6_797, "CNY"), (6_797, "CNY")]),
        ([Money(900, "USD"), TOTAL, Money(900, "USD")], [(900, "USD"), (6_797, "CNY")]),
        ([Money(0, "CNY"), Money(0, "CNY"), TOTAL], [(0, "CNY"), (6_797, "CNY")]),
    ],
    ids=["twice", "in parts", "late part", "doubled", "another currency", "nothing first"],
)
def test_dist_03_what_was_captured_is_booked_to_the_cent(
    unpaid: Steps, captures: list[Money], books: list[tuple[int, str]]
) -> None:
    for amount in captures:
        hear(unpaid, amount)
    assert booked(unpaid, "captured") == books


@pytest.mark.parametrize("amount", [TOTAL * 2, Money(3_000, "CNY"), Money(900, "USD")], ids=str)
def test_dist_03_a_wrong_amount_or_currency_is_refunded_as_it_was_captured(
    unpaid: Steps, address: str, ask: Ask, amount: Money
) -> None:
    # given
    pay(unpaid, address, amount)
    unpaid.up_to("audit_order")

    # when
    answers = [refund(unpaid) for _ in range(2)]
    end(unpaid)

    # then
    assert (answers, refunded_there(unpaid, ask)) == ([True, True], [f"{amount.text} {amount.currency}"])
    assert checks(unpaid) == []
    assert money_is_whole(unpaid)


def test_dist_03_a_silent_gateway_does_not_block_the_end_and_is_asked_afterwards(
    unpaid: Steps, address: str, ask: Ask, trouble: Trouble
) -> None:
    # given
    pay(unpaid, address)
    trouble("payments", "down")

    # when
    assert refund(unpaid)
    end(unpaid)

    # then
    assert checks(unpaid) == [order_of(unpaid).payment_reference]
    trouble("payments", "none")
    assert settle(unpaid).refunded == "67.97 CNY"
    assert refunded_there(unpaid, ask) == ["67.97 CNY"]


def test_dist_03_a_retried_refund_asks_for_the_same_amount(
    unpaid: Steps, address: str, ask: Ask, trouble: Trouble
) -> None:
    # given a refund whose answer is lost, and more money before the retry
    pay(unpaid, address)
    unpaid.up_to("audit_order")
    trouble("payments", "lost_answer", every=2)
    with pytest.raises(PartnerTrouble):
        refund(unpaid)
    trouble("payments", "none")
    pay(unpaid, address, TOTAL * 2)

    # when
    assert refund(unpaid)
    end(unpaid)

    # then the rest is refunded under a key of its own
    assert refunded_there(unpaid, ask) == ["67.97 CNY"]
    assert settle(unpaid).refunded == "67.97 CNY"
    assert booked(unpaid, "refunded") == [(6_797, "CNY"), (6_797, "CNY")]
    assert money_is_whole(unpaid)


def test_dist_03_a_refused_refund_waits_for_the_person_who_was_alerted(unpaid: Steps, address: str) -> None:
    # given booked money that the gateway does not have
    hear(unpaid)
    assert not refund(unpaid)

    # when / then
    end(unpaid)
    assert checks(unpaid) == []


def test_dist_03_a_return_is_refunded_from_money_captured_after_the_audit(steps: Steps, address: str, ask: Ask) -> None:
    """The case asks the gateway too, since the webhook may be lost."""
    steps.up_to("audit_order")
    with steps.sessions.begin() as session:
        session.execute(MoneyMovementRow.__table__.delete())

    steps.up_to("refund_return")

    assert booked(steps, "captured") == [(6_797, "CNY")]
    assert refunded_there(steps, ask) == ["19.99 CNY"]


def test_dist_03_verify_finds_captured_money_that_was_never_booked(unpaid: Steps) -> None:
    # given
    reference = order_of(unpaid).payment_reference
    data = {"payment_reference": reference, "amount": "67.97", "currency": "CNY"}
    key = store_webhook(unpaid.sessions, "payments", "payment.captured", reference, **data)

    def found() -> tuple[int, int]:
        [one] = [one for one in verify(unpaid.sessions).results if "the gateway reported" in one.name]
        return one.wrong, one.waiting

    # when / then
    assert found() == (0, 1)
    with unpaid.sessions.begin() as session:
        row = session.get_one(PartnerEventRow, key)
        row.relayed_at = row.received_at
    assert found() == (1, 0)
    hear(unpaid)
    assert found() == (0, 0)
