"""Client of the payment gateway: looks up payments, captures what is reserved, and refunds."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from domain.errors import CaptureRefused, EvidenceRefused, LinkRefused, RefundRefused, UnknownPayment
from domain.money import Money
from integrations.http import Answer, PartnerHttp, segment


class GatewayPaymentStatus(StrEnum):
    """Status of a payment at the gateway."""

    PENDING = "pending"
    AUTHORIZED = "authorized"
    CAPTURED = "captured"
    FAILED = "failed"
    VOIDED = "voided"
    REFUNDED = "refunded"


Status = GatewayPaymentStatus
# Our own names and the trade states of WeChat Pay; its three pending ones may still change.
STATUS_BY_NAME: Mapping[str, GatewayPaymentStatus] = {
    **{status.value: status for status in Status},
    # Reserved, of which a part is captured.
    "partially_captured": Status.AUTHORIZED,
    **dict.fromkeys(("NOTPAY", "USERPAYING", "ACCEPT"), Status.PENDING),
    **dict.fromkeys(("CLOSED", "REVOKED"), Status.VOIDED),
    "SUCCESS": Status.CAPTURED,
    "PAYERROR": Status.FAILED,
    "REFUND": Status.REFUNDED,
}


@dataclass(frozen=True, slots=True)
class GatewayPayment:
    """The current state of a payment at the gateway.

    `captured` is what was captured of a reserved one so far, and `expires_at` until when the rest can be; None if the
    gateway does not say.
    """

    reference: str
    status: GatewayPaymentStatus
    amount: Money
    captured: Money | None = None
    expires_at: datetime | None = None

    @property
    def taken(self) -> Money:
        """All that was captured."""
        if self.status is Status.CAPTURED:
            return self.amount
        return self.captured or Money(0, self.amount.currency)


class GatewayRefundStatus(StrEnum):
    """Status of a refund; the outcome of a pending one follows by webhook."""

    SUCCEEDED = "succeeded"
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class GatewayRefund:
    """A refund that the gateway accepted."""

    refund_id: str
    status: GatewayRefundStatus


class Payments:
    def __init__(self, http: PartnerHttp) -> None:
        self._http = http

    def payment(self, reference: str) -> GatewayPayment:
        """Look up a payment. Raises UnknownPayment."""
        answer = self._http.get(f"/payments/{segment(reference)}", refusal=UnknownPayment, expected=(200, 404))
        if answer.status == 404:
            raise UnknownPayment("unknown_payment", f"the gateway does not know {reference}")
        if answer.body.get("reference") != reference:
            raise answer.trouble("reference is another payment's")
        return _payment(answer, reference)

    def capture(self, reference: str, amount: Money, key: str) -> GatewayPayment:
        """Capture a part of what is reserved, once per key; return the payment afterwards. Raises CaptureRefused."""
        return self._change(reference, "captures", amount, key, 201)

    def reauthorize(self, reference: str, amount: Money, key: str) -> GatewayPayment:
        """Reserve this amount in all, what was captured included, for as long as the gateway reserves. Raises
        CaptureRefused."""
        return self._change(reference, "reauthorize", amount, key)

    def void(self, reference: str, key: str) -> GatewayPayment:
        """Give back what is reserved and not captured, once per key. Raises CaptureRefused."""
        return self._change(reference, "void", None, key)

    def open_link(self, reference: str, amount: Money) -> str:
        """Have a page made by which the customer pays this amount, once per reference; return its address. The payment
        is known by the reference. Raises LinkRefused."""
        body = {"reference": reference, "amount": amount.text, "currency": amount.currency}
        answer = self._http.post("/payment-links", body, f"{reference}:link", refusal=LinkRefused, expected=(201,))
        return answer.text("url")

    def void_link(self, reference: str) -> bool:
        """Withdraw a payment link. False if it was paid, or the gateway does not know it."""
        path, key = f"/payment-links/{segment(reference)}/void", f"{reference}:void"
        try:
            answer = self._http.post(path, {}, key, refusal=LinkRefused)
        except LinkRefused:
            return False
        return answer.text("status") == Status.VOIDED

    def send_evidence(self, dispute_id: str, evidence: Mapping[str, Any]) -> None:
        """Send the proof of delivery for a dispute, once. Raises EvidenceRefused."""
        path = f"/disputes/{segment(dispute_id)}/evidence"
        self._http.post(path, evidence, f"dispute:{dispute_id}:evidence", refusal=EvidenceRefused, expected=(200, 201))

    def refund(self, payment_reference: str, amount: Money, reason: str, key: str) -> GatewayRefund:
        """Refund once per key; the gateway never refunds more than was captured. Raises RefundRefused."""
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

    def _change(self, reference: str, what: str, amount: Money | None, key: str, expected: int = 200) -> GatewayPayment:
        path = f"/payments/{segment(reference)}/{what}"
        body = {"amount": amount.text, "currency": amount.currency} if amount else {}
        return _payment(self._http.post(path, body, key, refusal=CaptureRefused, expected=(expected,)), reference)


def _payment(answer: Answer, reference: str) -> GatewayPayment:
    currency = answer.text("currency")
    try:
        status = STATUS_BY_NAME[answer.text("status")]
        amount = Money.parse(answer.text("amount"), currency)
        captured = Money.parse(answer.text("captured"), currency) if "captured" in answer.body else None
        expires_at = datetime.fromisoformat(answer.text("expires_at")) if "expires_at" in answer.body else None
    except (KeyError, ValueError):
        raise answer.trouble("status, amounts, currency or expires_at is not a known one") from None
    if amount.minor_units < 0 or (captured and captured.minor_units < 0):
        raise answer.trouble("amount is below zero")
    if expires_at and expires_at.tzinfo is None:
        raise answer.trouble("expires_at has no time zone")
    return GatewayPayment(reference, status, amount, captured, expires_at)
