"""The payment client against the simulated gateway."""

import httpx2
import pytest

from domain.errors import LinkRefused, RefundRefused, UnknownPayment
from domain.money import Money
from integrations.payments import GatewayPayment, GatewayPaymentStatus, GatewayRefundStatus, Payments
from tests.integrations.servers import Receiver

REASON = "the lamp came back"


def create_payment(ask: httpx2.Client, reference: str, status: str) -> None:
    payment = {"reference": reference, "amount": "25.90", "currency": "CNY", "status": status}
    assert ask.post("/payments/payments", json=payment).status_code == 201


def test_a_reference_that_names_its_amount_is_captured(payments: Payments) -> None:
    # given
    reference = "PAY-TM/1001:25.90:CNY"

    # when
    payment = payments.payment(reference)

    # then
    assert payment == GatewayPayment(reference, GatewayPaymentStatus.CAPTURED, Money(2590, "CNY"))


def test_a_payment_that_was_never_made_is_unknown(payments: Payments) -> None:
    with pytest.raises(UnknownPayment):
        payments.payment("ALI-NOBODY")


def test_a_payment_has_the_gateways_status(payments: Payments, ask: httpx2.Client) -> None:
    # given
    create_payment(ask, "ALI-AUTHORIZED", "authorized")

    # when
    payment = payments.payment("ALI-AUTHORIZED")

    # then
    assert payment.status is GatewayPaymentStatus.AUTHORIZED


def test_a_payment_link_is_made_once_and_withdrawn_unless_it_was_paid(payments: Payments, ask: httpx2.Client) -> None:
    # given two links, each asked for twice, of which one is paid
    urls = [payments.open_link(name, Money(4500, "CNY")) for name in ("EDIT-1", "EDIT-1", "EDIT-2", "EDIT-2")]
    create_payment(ask, "EDIT-2", "captured")

    # when
    voided = [payments.void_link(name) for name in ("EDIT-1", "EDIT-1", "EDIT-2", "EDIT-NONE")]

    # then
    assert urls[::2] == urls[1::2] == ["https://pay.example/EDIT-1", "https://pay.example/EDIT-2"]
    assert voided == [True, True, False, False]
    assert payments.payment("EDIT-1").status is GatewayPaymentStatus.VOIDED
    with pytest.raises(LinkRefused):
        payments.open_link("PAY-9:25.90:CNY", Money(4500, "CNY"))


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("SUCCESS", GatewayPaymentStatus.CAPTURED),
        ("REFUND", GatewayPaymentStatus.REFUNDED),
        ("NOTPAY", GatewayPaymentStatus.PENDING),
        ("USERPAYING", GatewayPaymentStatus.PENDING),
        ("ACCEPT", GatewayPaymentStatus.PENDING),
        ("CLOSED", GatewayPaymentStatus.VOIDED),
        ("REVOKED", GatewayPaymentStatus.VOIDED),
        ("PAYERROR", GatewayPaymentStatus.FAILED),
    ],
)
def test_trade_states_of_wechat_pay_are_understood(
    payments: Payments, ask: httpx2.Client, word: str, status: GatewayPaymentStatus
) -> None:
    create_payment(ask, f"WX-{word}", word)

    assert payments.payment(f"WX-{word}").status is status


def test_a_changed_payment_sends_a_webhook(ask: httpx2.Client, receiver: Receiver) -> None:
    # given
    create_payment(ask, "ALI-LATER", "authorized")

    # when
    create_payment(ask, "ALI-LATER", "voided")

    # then
    (event,) = receiver.wait_for("ALI-LATER", 1)
    assert event.type == "payment.voided"
    assert event.data == {"payment_reference": "ALI-LATER", "amount": "25.90", "currency": "CNY"}


def test_an_unsettled_payment_is_captured_later(payments: Payments, receiver: Receiver) -> None:
    # given
    reference = "PAY-PAYMENT-UNSETTLED-1:25.90:CNY"

    # when
    before = payments.payment(reference)
    (event,) = receiver.wait_for(reference, 1)
    after = payments.payment(reference)

    # then
    assert before.status is GatewayPaymentStatus.PENDING
    assert event.type == "payment.captured"
    assert after.status is GatewayPaymentStatus.CAPTURED


def test_the_same_refund_key_refunds_once(payments: Payments, ask: httpx2.Client) -> None:
    # given
    reference = "PAY-ONCE:25.90:CNY"
    first = payments.refund(reference, Money(2590, "CNY"), REASON, "RET-1:refund")

    # when
    again = payments.refund(reference, Money(2590, "CNY"), REASON, "RET-1:refund")

    # then
    made = ask.get("/payments/refunds", params={"payment_reference": reference}).json()["refunds"]
    assert first == again
    assert first.status is GatewayRefundStatus.SUCCEEDED
    assert [(refund["amount"], refund["refund_key"]) for refund in made] == [("25.90", "RET-1:refund")]


def test_refunds_never_exceed_the_captured_amount(payments: Payments) -> None:
    # given
    payments.refund("PAY-BEYOND:25.90:CNY", Money(2000, "CNY"), REASON, "RET-2:refund:1")

    # when
    with pytest.raises(RefundRefused) as refused:
        payments.refund("PAY-BEYOND:25.90:CNY", Money(591, "CNY"), REASON, "RET-2:refund:2")

    # then
    assert refused.value.code == "refund_refused"
    assert payments.refund("PAY-BEYOND:25.90:CNY", Money(590, "CNY"), REASON, "RET-2:refund:3").refund_id


@pytest.mark.parametrize("status", ["pending", "authorized", "failed", "voided"])
def test_a_payment_that_was_not_captured_cannot_be_refunded(
    payments: Payments, ask: httpx2.Client, status: str
) -> None:
    # given
    create_payment(ask, f"ALI-NOT-{status}", status)

    # when / then
    with pytest.raises(RefundRefused):
        payments.refund(f"ALI-NOT-{status}", Money(100, "CNY"), REASON, f"RET-{status}:refund")


def test_a_refund_in_another_currency_is_refused(payments: Payments) -> None:
    with pytest.raises(RefundRefused):
        payments.refund("PAY-YUAN:25.90:CNY", Money(100, "EUR"), REASON, "RET-3:refund")


@pytest.mark.parametrize(("trouble", "event_type"), [("PENDING", "refund.succeeded"), ("FAILED", "refund.failed")])
def test_the_outcome_of_a_pending_refund_comes_by_webhook(
    payments: Payments, receiver: Receiver, trouble: str, event_type: str
) -> None:
    # given
    reference, key = f"PAY-REFUND-{trouble}:25.90:CNY", f"RET-{trouble}:refund"

    # when
    refund = payments.refund(reference, Money(2590, "CNY"), REASON, key)

    # then
    (event,) = receiver.wait_for(reference, 1)
    assert refund.status is GatewayRefundStatus.PENDING
    assert event.type == event_type
    assert (event.data["refund_key"], event.data["amount"]) == (key, "25.90")


def test_a_failed_refund_can_be_repeated_with_another_key(payments: Payments, receiver: Receiver) -> None:
    # given
    reference = "PAY-REFUND-FAILED-AGAIN:25.90:CNY"
    payments.refund(reference, Money(2590, "CNY"), REASON, "RET-4:refund:1")
    receiver.wait_for(reference, 1)

    # when
    again = payments.refund(reference, Money(2590, "CNY"), REASON, "RET-4:refund:2")

    # then
    assert again.status is GatewayRefundStatus.PENDING
