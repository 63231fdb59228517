"""The payment client against the simulated gateway."""

import httpx2
import pytest

from domain.errors import RefundRefused, UnknownPayment
from domain.money import Money
from integrations.payments import GatewayPayment, GatewayPaymentStatus, GatewayRefundStatus, Payments
from tests.integrations.servers import Receiver

REASON = "the lamp came back"


def make(ask: httpx2.Client, reference: str, status: str) -> None:
    payment = {"reference": reference, "amount": "25.90", "currency": "CNY", "status": status}
    assert ask.post("/payments/payments", json=payment).status_code == 201


def test_a_reference_that_names_its_amount_is_captured(payments: Payments) -> None:
    # given
    reference = "PAY-TM/1001:25.90:CNY"

    # when
    payment = payments.payment(reference)

    # then
    assert payment == GatewayPayment(reference, GatewayPaymentStatus.CAPTURED, Money(2590, "CNY"))


def test_a_payment_that_nobody_made_is_unknown(payments: Payments) -> None:
    with pytest.raises(UnknownPayment):
        payments.payment("ALI-NOBODY")


def test_a_payment_made_by_a_customer_is_known_with_its_status(payments: Payments, ask: httpx2.Client) -> None:
    # given
    make(ask, "ALI-AUTHORIZED", "authorized")

    # when
    payment = payments.payment("ALI-AUTHORIZED")

    # then
    assert payment.status is GatewayPaymentStatus.AUTHORIZED


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
def test_the_words_of_wechat_pay_are_understood(
    payments: Payments, ask: httpx2.Client, word: str, status: GatewayPaymentStatus
) -> None:
    make(ask, f"WX-{word}", word)

    assert payments.payment(f"WX-{word}").status is status


def test_what_becomes_of_a_payment_is_told(ask: httpx2.Client, receiver: Receiver) -> None:
    # given
    make(ask, "ALI-LATER", "authorized")

    # when
    make(ask, "ALI-LATER", "voided")

    # then
    (told,) = receiver.wait_for("ALI-LATER", 1)
    assert told.type == "payment.voided"
    assert told.data == {"payment_reference": "ALI-LATER", "amount": "25.90", "currency": "CNY"}


def test_an_unsettled_payment_is_captured_later(payments: Payments, receiver: Receiver) -> None:
    # given
    reference = "PAY-PAYMENT-UNSETTLED-1:25.90:CNY"

    # when
    before = payments.payment(reference)
    (told,) = receiver.wait_for(reference, 1)
    after = payments.payment(reference)

    # then
    assert before.status is GatewayPaymentStatus.PENDING
    assert told.type == "payment.captured"
    assert after.status is GatewayPaymentStatus.CAPTURED


def test_the_same_refund_key_pays_back_once(payments: Payments, ask: httpx2.Client) -> None:
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


def test_refunds_never_go_beyond_what_was_captured(payments: Payments) -> None:
    # given
    payments.refund("PAY-BEYOND:25.90:CNY", Money(2000, "CNY"), REASON, "RET-2:refund:1")

    # when
    with pytest.raises(RefundRefused) as refused:
        payments.refund("PAY-BEYOND:25.90:CNY", Money(591, "CNY"), REASON, "RET-2:refund:2")

    # then
    assert refused.value.code == "refund_refused"
    assert payments.refund("PAY-BEYOND:25.90:CNY", Money(590, "CNY"), REASON, "RET-2:refund:3").refund_id


@pytest.mark.parametrize("status", ["pending", "authorized", "failed", "voided"])
def test_money_that_was_not_captured_is_not_paid_back(payments: Payments, ask: httpx2.Client, status: str) -> None:
    # given
    make(ask, f"ALI-NOT-{status}", status)

    # when / then
    with pytest.raises(RefundRefused):
        payments.refund(f"ALI-NOT-{status}", Money(100, "CNY"), REASON, f"RET-{status}:refund")


def test_a_refund_in_another_currency_is_refused(payments: Payments) -> None:
    with pytest.raises(RefundRefused):
        payments.refund("PAY-YUAN:25.90:CNY", Money(100, "EUR"), REASON, "RET-3:refund")


@pytest.mark.parametrize(("trouble", "told_type"), [("PENDING", "refund.succeeded"), ("FAILED", "refund.failed")])
def test_what_becomes_of_a_pending_refund_is_told(
    payments: Payments, receiver: Receiver, trouble: str, told_type: str
) -> None:
    # given
    reference, key = f"PAY-REFUND-{trouble}:25.90:CNY", f"RET-{trouble}:refund"

    # when
    refund = payments.refund(reference, Money(2590, "CNY"), REASON, key)

    # then
    (told,) = receiver.wait_for(reference, 1)
    assert refund.status is GatewayRefundStatus.PENDING
    assert told.type == told_type
    assert (told.data["refund_key"], told.data["amount"]) == (key, "25.90")


def test_a_failed_refund_may_be_asked_again_with_another_key(payments: Payments, receiver: Receiver) -> None:
    # given
    reference = "PAY-REFUND-FAILED-AGAIN:25.90:CNY"
    payments.refund(reference, Money(2590, "CNY"), REASON, "RET-4:refund:1")
    receiver.wait_for(reference, 1)

    # when
    again = payments.refund(reference, Money(2590, "CNY"), REASON, "RET-4:refund:2")

    # then
    assert again.status is GatewayRefundStatus.PENDING
