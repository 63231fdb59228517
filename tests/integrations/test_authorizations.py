"""The payment client against what the simulated gateway has reserved."""

import httpx2
import pytest

from domain.errors import CaptureRefused, RefundRefused
from domain.money import Money
from integrations.payments import GatewayPaymentStatus, Payments
from tests.integrations.servers import Receiver

CENTS = 100


def yuan(whole: int) -> Money:
    return Money(whole * CENTS, "CNY")


def test_a_part_is_captured_once_per_key_and_each_total_is_told(payments: Payments, receiver: Receiver) -> None:
    # given
    reference = "AUTH-PARTS:100.00:CNY"
    reserved = payments.payment(reference)

    # when
    first, again = (payments.capture(reference, yuan(60), "PARTS-1:capture:1") for _ in range(2))
    last = payments.capture(reference, yuan(40), "PARTS-2:capture:1")

    # then
    assert (reserved.status, reserved.amount, reserved.taken) == (GatewayPaymentStatus.AUTHORIZED, yuan(100), yuan(0))
    assert reserved.expires_at is not None
    assert first == again
    assert (first.status, first.amount, first.taken) == (GatewayPaymentStatus.AUTHORIZED, yuan(100), yuan(60))
    assert (last.status, last.taken) == (GatewayPaymentStatus.CAPTURED, yuan(100))
    told = receiver.wait_for(reference, 2)
    assert [(event.type, event.data["amount"]) for event in told] == [
        ("payment.captured", "60.00"),
        ("payment.captured", "100.00"),
    ]


def test_no_more_is_captured_than_reserved_nor_paid_back_than_captured(payments: Payments) -> None:
    reference = "AUTH-BEYOND:100.00:CNY"
    payments.capture(reference, yuan(60), "BEYOND-1:capture:1")

    with pytest.raises(CaptureRefused) as refusal:
        payments.capture(reference, yuan(41), "BEYOND-2:capture:1")
    assert refusal.value.code == "beyond_authorized"
    with pytest.raises(RefundRefused):
        payments.refund(reference, yuan(61), "too much", "BEYOND:refund:1")
    payments.refund(reference, yuan(60), "all of it", "BEYOND:refund:2")


def test_the_rest_is_given_back_and_cannot_be_captured(payments: Payments) -> None:
    # given one of which a part is captured, and one of which nothing is
    payments.capture("AUTH-REST:100.00:CNY", yuan(60), "REST-1:capture:1")

    # when
    partly, whole = (payments.void(f"AUTH-{name}:100.00:CNY", f"{name}:void") for name in ("REST", "WHOLE"))

    # then
    assert (partly.status, partly.taken) == (GatewayPaymentStatus.CAPTURED, yuan(60))
    assert (whole.status, whole.taken) == (GatewayPaymentStatus.VOIDED, yuan(0))
    with pytest.raises(CaptureRefused):
        payments.capture("AUTH-REST:100.00:CNY", yuan(1), "REST-2:capture:1")


def test_what_has_expired_is_reserved_anew_and_may_grow(payments: Payments, ask: httpx2.Client) -> None:
    # given
    body = {"reference": "WX-OLD", "amount": "100.00", "currency": "CNY", "status": "authorized", "seconds": 0}
    assert ask.post("/payments/payments", json=body).status_code == 201
    with pytest.raises(CaptureRefused) as refusal:
        payments.capture("WX-OLD", yuan(60), "OLD-1:capture:1")

    # when
    renewed = payments.reauthorize("WX-OLD", yuan(120), "OLD:reauthorize:1")

    # then
    assert refusal.value.code == "authorization_expired"
    assert renewed.amount == yuan(120)
    assert payments.capture("WX-OLD", yuan(110), "OLD-1:capture:2").taken == yuan(110)


@pytest.mark.parametrize(
    ("trouble", "amount", "code"), [("NO-RENEWAL", 100, "not_renewed"), ("NO-INCREMENT", 120, "no_increment")]
)
def test_a_gateway_may_refuse_to_reserve_anew(trouble: str, amount: int, code: str, payments: Payments) -> None:
    with pytest.raises(CaptureRefused) as refusal:
        payments.reauthorize(f"AUTH-{trouble}:100.00:CNY", yuan(amount), f"{trouble}:reauthorize:1")

    assert refusal.value.code == code
