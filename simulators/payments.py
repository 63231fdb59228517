"""The payment gateway: knows payments, captures what is reserved (authorizations.py), and refunds, never more than was
captured."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from simulators import shapes, troubles
from simulators.authorizations import Authorizations, Payment
from simulators.callbacks import rfc3339
from simulators.endpoints import Body, Endpoints
from simulators.problems import Problem
from simulators.statements import Line, Statements
from simulators.troubles import Trouble
from simulators.world import Subject, World

REFUND = {"payment_reference": str, "amount": shapes.amount, "currency": shapes.currency, "reason": str}
STATUSES = ("pending", "authorized", "captured", "failed", "voided")
TRADE_STATES = ("SUCCESS", "REFUND", "NOTPAY", "CLOSED", "REVOKED", "USERPAYING", "PAYERROR", "ACCEPT")
"""Statuses in the words of WeChat Pay."""
CAPTURED = ("captured", "SUCCESS")
REPORTED_STATUSES = ("captured", "failed", "voided")
NAMES_ITS_AMOUNT = re.compile(
    r"(?P<how>PAY|AUTH)-.+:(?P<amount>\d{1,15}(?:\.\d{1,4})?):(?P<currency>[A-Z]{3})", re.DOTALL
)
STEPS_UNTIL_SETTLED = 4


def _status(value: Any) -> str | None:
    return None if value in (*STATUSES, *TRADE_STATES) else " or ".join(STATUSES)


LINK = {"reference": str, "amount": shapes.amount, "currency": shapes.currency}
PAYMENT = {"reference": str, "amount": shapes.amount, "currency": shapes.currency, "status": _status}
# For how long what it reserves is reserved; without it for a week.
CREATE = PAYMENT | {"seconds?": shapes.seconds}


@dataclass(slots=True)
class Payments:
    world: World
    endpoints: Endpoints
    payments: dict[str, Payment] = field(default_factory=dict)
    refunded_at: dict[str, datetime] = field(default_factory=dict)
    """Time of the last change of each refund, by refund key."""

    def routes(self) -> list[Route]:
        endpoints = self.endpoints
        return [
            Route("/payments", endpoints.control(CREATE, self._create), methods=["POST"]),
            *Authorizations(endpoints, self._find, self._tell_payment).routes(),
            Route("/payments/{reference:path}", endpoints.query(self._look), methods=["GET"]),
            Route("/payment-links", endpoints.idempotent(LINK, self._open_link), methods=["POST"]),
            Route("/payment-links/{reference:path}/void", endpoints.idempotent({}, self._void_link), methods=["POST"]),
            Route("/refunds", endpoints.idempotent(REFUND, self._refund), methods=["POST"]),
            Route("/refunds", endpoints.view(self._refunds), methods=["GET"]),
            *Statements(endpoints, {"captures": self._captures, "refunds": self._listed_refunds}).routes(),
        ]

    def _create(self, request: Request, body: Body) -> tuple[int, Body]:
        payment = self._find(body["reference"])
        if payment:
            payment.status, payment.amount, payment.currency = body["status"], body["amount"], body["currency"]
            payment.changed_at = datetime.now(UTC)
        else:
            payment = self._add(Payment(**{name: body[name] for name in PAYMENT}))
        if payment.status == "authorized" and "seconds" in body:
            payment.expires_at = datetime.now(UTC) + timedelta(seconds=body["seconds"])
        if payment.status in REPORTED_STATUSES:
            self._tell_payment(payment)
        return 201, payment.as_json()

    def _look(self, request: Request, body: Body) -> tuple[int, Body]:
        payment = self._find(request.path_params["reference"])
        if payment is None:
            raise Problem(404, "unknown", "no customer made this payment")
        return 200, payment.as_json()

    def _open_link(self, request: Request, body: Body) -> tuple[int, Body]:
        reference = body["reference"]
        if self._find(reference) is not None:
            raise Problem(422, "link_refused", "a payment with this reference exists")
        self._add(Payment(reference, "pending", body["amount"], body["currency"]))
        return 201, {"url": f"https://pay.example/{reference}"}

    def _void_link(self, request: Request, body: Body) -> tuple[int, Body]:
        payment = self._find(request.path_params["reference"])
        if payment is None:
            raise Problem(422, "link_refused", "there is no such payment link")
        if payment.status == "pending":
            payment.status, payment.changed_at = "voided", datetime.now(UTC)
        return 200, {"status": payment.status}

    def _refund(self, request: Request, body: Body) -> tuple[int, Body]:
        payment = self._find(body["payment_reference"])
        if payment is None:
            raise Problem(422, "refund_refused", "no customer made this payment")
        if body["currency"] != payment.currency:
            raise Problem(422, "refund_refused", f"the payment was made in {payment.currency}")
        if not 0 < Decimal(body["amount"]) <= payment.refundable:
            raise Problem(422, "refund_refused", f"{payment.refundable} {payment.currency} can be paid back")
        named = troubles.named_in(payment.reference)
        pending = Trouble.REFUND_PENDING in named or Trouble.REFUND_FAILED in named
        status = "pending" if pending else "succeeded"
        refund = {name: body[name] for name in REFUND}
        refund |= {"refund_id": f"RF-{payment.reference}-{len(payment.refunds) + 1}", "status": status}
        refund["refund_key"] = request.headers["idempotency-key"]
        payment.refunds.append(refund)
        self.refunded_at[refund["refund_key"]] = datetime.now(UTC)
        if pending:
            self.world.begin(self._settle_refund(payment, refund))
        return 201, {"refund_id": refund["refund_id"], "status": status}

    def _refunds(self, request: Request, body: Body) -> tuple[int, Body]:
        payment = self._find(request.query_params.get("payment_reference", ""))
        return 200, {"refunds": payment.refunds if payment else []}

    def _captures(self) -> Iterable[Line]:
        for payment in self.payments.values():
            if payment.status in CAPTURED or payment.captured:
                amount = str(payment.captured or payment.amount)
                entry = {"payment_reference": payment.reference, **_listed_amount(payment, amount)}
                entry["captured_at"] = rfc3339(payment.changed_at)
                yield Line(payment.changed_at, payment.reference, entry)

    def _listed_refunds(self) -> Iterable[Line]:
        for payment in self.payments.values():
            if Trouble.FORGOTTEN_REFUND in troubles.named_in(payment.reference):
                continue
            for refund in payment.refunds:
                at = self.refunded_at[refund["refund_key"]]
                entry = {name: refund[name] for name in ("refund_key", "payment_reference", "status")}
                entry |= _listed_amount(payment, refund["amount"]) | {"changed_at": rfc3339(at)}
                yield Line(at, refund["refund_key"], entry)

    def _find(self, reference: str) -> Payment | None:
        if reference not in self.payments and (named := NAMES_ITS_AMOUNT.fullmatch(reference)):
            status = "captured" if named["how"] == "PAY" else "authorized"
            self._add(Payment(reference, status, named["amount"], named["currency"]))
        return self.payments.get(reference)

    def _add(self, payment: Payment) -> Payment:
        self.payments[payment.reference] = payment
        if payment.status == "authorized":
            payment.reserve()
        if Trouble.PAYMENT_UNSETTLED in troubles.named_in(payment.reference):
            payment.status = "pending"
            self.world.begin(self._settle(payment))
        return payment

    async def _settle(self, payment: Payment) -> None:
        await self.world.steps(STEPS_UNTIL_SETTLED)
        if payment.status == "pending":
            payment.status, payment.changed_at = "captured", datetime.now(UTC)
            self._tell_payment(payment)

    async def _settle_refund(self, payment: Payment, refund: dict[str, str]) -> None:
        await self.world.steps()
        failed = Trouble.REFUND_FAILED in troubles.named_in(payment.reference)
        refund["status"] = "failed" if failed else "succeeded"
        self.refunded_at[refund["refund_key"]] = datetime.now(UTC)
        data = {name: refund[name] for name in (*REFUND, "refund_key")}
        self._tell(payment, f"refund.{refund['status']}", refund["refund_id"], data)

    def _tell_payment(self, payment: Payment) -> None:
        """Report the payment; of one that is captured in parts what was captured so far."""
        status, amount, number = payment.status, payment.amount, payment.reference
        if payment.captured:
            status, amount, number = "captured", str(payment.captured), f"{number}:{payment.captured}"
        data = {"payment_reference": payment.reference, "amount": amount, "currency": payment.currency}
        self._tell(payment, f"payment.{status}", number, data)

    def _tell(self, payment: Payment, kind: str, number: str, data: dict[str, str]) -> None:
        subject = Subject(payment.reference, troubles.named_in(payment.reference))
        self.world.tell(subject, self.world.event(subject, "payments", f"{number}:{kind}", kind, data))


def _listed_amount(payment: Payment, amount: str) -> dict[str, str]:
    """The amount in statements: one whole unit less with ODD-AMOUNT."""
    odd = Trouble.ODD_AMOUNT in troubles.named_in(payment.reference)
    return {"amount": str(Decimal(amount) - 1) if odd else amount, "currency": payment.currency}
