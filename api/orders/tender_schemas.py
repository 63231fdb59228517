"""Tenders in the body of an order: parts of its price that are paid apart from its own payment."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from api.errors import FieldError
from api.schemas import NO_CONTROLS, Amount, Body, Reference, Time
from domain.money import Money
from domain.order import Order
from domain.tenders import Tender, TenderKind, problems, reference_of


class TenderBody(Body):
    """A part of the price. `gateway`: our payment gateway knows it by the reference; `platform`: the channel collects
    it; `store_credit` and `gift_card`: it is taken from the balance with this code, once the order is audited."""

    kind: TenderKind
    reference: Annotated[
        Reference, Field(description="Of the payment, or the secret code of a balance, which is not kept.")
    ]
    amount: Amount
    method: Annotated[str, Field(max_length=40, pattern=NO_CONTROLS)] = ""
    due_at: Annotated[
        Time | None, Field(description="The balance of a pre-sale, whose deposit is the order's own payment.")
    ] = None
    collected: Annotated[
        bool | None,
        Field(description="Whether the channel has collected a `platform` tender: by default, unless it is due later."),
    ] = None

    def to_tender(self, number: int, currency: str) -> Tender:
        collected = self.collected
        if collected is None:
            collected = self.kind is TenderKind.PLATFORM and self.due_at is None
        reference, amount = reference_of(self.kind, self.reference), Money.parse(self.amount, currency)
        return Tender(number, self.kind, reference, amount, self.method, self.due_at, collected)


def tender_errors(order: Order) -> Iterator[FieldError]:
    """What is wrong with how the price is shared out among the order's own payment and its tenders."""
    if not order.payment_reference and order.own_due.minor_units > 0:
        yield {"field": "payment.reference", "message": "this field is required unless tenders pay everything"}
    for index, field, reason in problems(order.tenders, order.grand_total, order.payment_reference):
        yield {"field": f"tenders[{index}].{field}", "message": f"{field} {reason}"}
