"""The payment gateway: it knows what a customer paid, and pays back."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from domain.errors import RefundRefused, UnknownPayment
from domain.money import Money
from integrations.http import Answer, PartnerHttp, segment


class GatewayPaymentStatus(StrEnum):
    """Where a payment is, in the gateway's words."""

    PENDING = "pending"
    AUTHORIZED = "authorized"
    CAPTURED = "captured"
    FAILED = "failed"
    VOIDED = "voided"
    REFUNDED = "refunded"


Status = GatewayPaymentStatus
# The trade states of WeChat Pay, of which three may still change.
WORDS: Mapping[str, GatewayPaymentStatus] = {
    **{status.value: status for status in Status},
    **dict.fromkeys(("NOTPAY", "USERPAYING", "ACCEPT"), Status.PENDING),
    **dict.fromkeys(("CLOSED", "REVOKED"), Status.VOIDED),
    "SUCCESS": Status.CAPTURED,
    "PAYERROR": Status.FAILED,
    "REFUND": Status.REFUNDED,
}


@dataclass(frozen=True, slots=True)
class GatewayPayment:
    """A payment as the gateway knows it now."""

    reference: str
    status: GatewayPaymentStatus
    amount: Money


class GatewayRefundStatus(StrEnum):
    """Whether the money is back; what becomes of a pending refund comes by webhook."""

    SUCCEEDED = "succeeded"
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class GatewayRefund:
    """A refund that the gateway took on."""

    refund_id: str
    status: GatewayRefundStatus


class Payments:
    def __init__(self, http: PartnerHttp) -> None:
        self._http = http

    def payment(self, reference: str) -> GatewayPayment:
        """Look a payment up. Raises UnknownPayment."""
        answer = self._http.get(f"/payments/{segment(reference)}", refusal=UnknownPayment, expected=(200, 404))
        if answer.status == 404:
            raise UnknownPayment("unknown_payment", f"the gateway does not know {reference}")
        if answer.body.get("reference") != reference:
            raise answer.trouble("reference is another payment's")
        return _payment(answer, reference)

    def refund(self, payment_reference: str, amount: Money, reason: str, key: str) -> GatewayRefund:
        """Pay back once per key, and never more than was captured. Raises RefundRefused."""
        body = {
            "payment_reference": payment_reference,
            "amount": amount.text,
            "currency": amount.currency,
            "reason": reason,
        }
        answer = self._http.post("/refunds", body, key, refusal=RefundRefused, expected=(201,))
        try:
            return GatewayRefund(answer.text("refund_id"), GatewayRefundStatus(answer.text("status")))
        except ValueError:
            raise answer.trouble("status is not a known one") from None


def _payment(answer: Answer, reference: str) -> GatewayPayment:
    try:
        status = WORDS[answer.text("status")]
        amount = Money.parse(answer.text("amount"), answer.text("currency"))
    except (KeyError, ValueError):
        raise answer.trouble("status, amount or currency is not a known one") from None
    if amount.minor_units < 0:
        raise answer.trouble("amount is below zero")
    return GatewayPayment(reference, status, amount)
