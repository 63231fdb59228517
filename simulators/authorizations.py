"""Payments that are reserved first: captured in parts, renewed, given back, and never captured beyond that."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from starlette.requests import Request
from starlette.routing import Route

from simulators import shapes, troubles
from simulators.callbacks import rfc3339
from simulators.endpoints import Body, Endpoints
from simulators.problems import Problem
from simulators.troubles import Trouble

PART = {"amount": shapes.amount, "currency": shapes.currency}
RESERVED_FOR = timedelta(days=7)


@dataclass(slots=True)
class Payment:
    """A customer's payment with its refunds, pending and failed ones included. `captured` counts the parts of a
    reserved one."""

    reference: str
    status: str
    amount: str
    currency: str
    refunds: list[dict[str, str]] = field(default_factory=list)
    changed_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    captured: Decimal = Decimal(0)
    expires_at: datetime | None = None
    refused: bool = False
    """True once a capture was refused for its trouble."""

    @property
    def taken(self) -> Decimal:
        return Decimal(self.amount) if self.status == "captured" else self.captured

    @property
    def refundable(self) -> Decimal:
        return self.taken - sum(Decimal(refund["amount"]) for refund in self.refunds if refund["status"] != "failed")

    def reserve(self) -> None:
        self.expires_at = datetime.now(UTC) + RESERVED_FOR

    def as_json(self) -> Body:
        partly = self.status == "authorized" and self.captured
        answer: Body = {name: getattr(self, name) for name in ("reference", "status", "amount", "currency")}
        if self.expires_at:
            answer |= {"captured": str(self.taken), "expires_at": rfc3339(self.expires_at)}
        return answer | ({"status": "partially_captured"} if partly else {})


@dataclass(slots=True)
class Authorizations:
    """`find` returns a payment by its reference; `tell` reports what was captured of it in all."""

    endpoints: Endpoints
    find: Callable[[str], Payment | None]
    tell: Callable[[Payment], None]

    def routes(self) -> list[Route]:
        idempotent, payment = self.endpoints.idempotent, "/payments/{reference:path}"
        return [
            Route(f"{payment}/captures", idempotent(PART, self._capture), methods=["POST"]),
            Route(f"{payment}/reauthorize", idempotent(PART, self._reauthorize), methods=["POST"]),
            Route(f"{payment}/void", idempotent({}, self._void), methods=["POST"]),
        ]

    def _capture(self, request: Request, body: Body) -> tuple[int, Body]:
        payment, amount = self._reserved(request, body), Decimal(body["amount"])
        if payment.expires_at and payment.expires_at <= datetime.now(UTC):
            raise Problem(422, "authorization_expired", "what was reserved is free again")
        left = Decimal(payment.amount) - payment.captured
        if not 0 < amount <= left:
            raise Problem(422, "beyond_authorized", f"{left} {payment.currency} is reserved")
        if Trouble.CAPTURE_REFUSED in troubles.named_in(payment.reference) and not payment.refused:
            payment.refused = True
            raise Problem(422, "declined", "the bank of the customer refuses")
        payment.captured += amount
        payment.changed_at = datetime.now(UTC)
        if payment.captured == Decimal(payment.amount):
            payment.status = "captured"
        self.tell(payment)
        return 201, payment.as_json()

    def _reauthorize(self, request: Request, body: Body) -> tuple[int, Body]:
        payment, amount = self._reserved(request, body), Decimal(body["amount"])
        named = troubles.named_in(payment.reference)
        if amount <= payment.captured:
            raise Problem(422, "already_captured", f"{payment.captured} {payment.currency} was captured")
        if amount > Decimal(payment.amount) and Trouble.NO_INCREMENT in named:
            raise Problem(422, "no_increment", f"no more than {payment.amount} {payment.currency} is reserved")
        if Trouble.NO_RENEWAL in named:
            raise Problem(422, "not_renewed", "the bank of the customer reserves nothing any more")
        payment.amount = body["amount"]
        payment.reserve()
        return 200, payment.as_json()

    def _void(self, request: Request, body: Body) -> tuple[int, Body]:
        payment = self._known(request)
        if payment.status == "authorized":
            # Of one that was captured in parts these are what was paid.
            payment.status = "captured" if payment.captured else "voided"
            payment.amount = str(payment.captured) if payment.captured else payment.amount
        return 200, payment.as_json()

    def _reserved(self, request: Request, body: Body) -> Payment:
        payment = self._known(request)
        if payment.status != "authorized":
            raise Problem(422, "not_authorized", f"the payment is {payment.status}")
        if body["currency"] != payment.currency:
            raise Problem(422, "other_currency", f"the payment was made in {payment.currency}")
        return payment

    def _known(self, request: Request) -> Payment:
        payment = self.find(request.path_params["reference"])
        if payment is None:
            raise Problem(422, "unknown", "no customer made this payment")
        return payment
