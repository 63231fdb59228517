"""The body of an edit, its translation into a `WantedEdit`, and what is answered about edits."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from api.errors import FieldError, invalid_fields
from api.orders.schemas import MAX_LINES, AddressBody, DeliveryBody, Email
from api.schemas import NO_CONTROLS, Amount, Answer, Body, Day, Links, Name, Phone, Prose, Quantity, Sku
from api.stock.goods_schemas import LocationId
from domain.editing.wanted import CONTACT, NOTES, STEERING, AddedLine, WantedEdit
from domain.money import Money, NotMoney

Nothing = Literal[""]
LineNumber = Annotated[int, Field(ge=1, le=32_767)]


class ContactBody(Body):
    """Parts of the receiver; what is left out stays."""

    name: Name | None = None
    phone: Phone | None = None
    email: Email | None = None


class LineEditBody(Body):
    line_no: LineNumber
    quantity: Annotated[int, Field(ge=0, le=100_000, description="How many units remain; 0 removes the line.")]


class AddedLineBody(Body):
    """Goods to send beside what was ordered. To replace a line, remove it and add another."""

    sku: Sku
    quantity: Quantity
    unit_price: Amount
    discount: Annotated[Amount, Field(description="Of the whole line.")] = "0"
    title: Annotated[str, Field(max_length=300, pattern=NO_CONTROLS)] = ""


class AmountsBody(Body):
    """Amounts of the whole order; what is left out stays, but tax grows with added goods at the order's own rate."""

    discount: Amount | None = None
    shipping: Amount | None = None
    tax: Amount | None = None


class EditBody(Body):
    """Only what is named changes. An empty `carrier`, `location` or `deliver_on` takes that wish back."""

    reason: Annotated[Prose, Field(min_length=1, max_length=300)]
    ship_to: Annotated[AddressBody | None, Field(description="The whole new address.")] = None
    contact: ContactBody | None = None
    delivery: DeliveryBody | None = None
    carrier: Annotated[str | None, Field(max_length=40, pattern=NO_CONTROLS)] = None
    location: Annotated[LocationId | Nothing | None, Field(description="The location that is to send it.")] = None
    deliver_on: Day | Nothing | None = None
    remarks: Prose | None = None
    merchant_remarks: Prose | None = None
    lines: Annotated[tuple[LineEditBody, ...], Field(max_length=MAX_LINES)] = ()
    add: Annotated[tuple[AddedLineBody, ...], Field(max_length=MAX_LINES)] = ()
    amounts: AmountsBody | None = None

    @field_validator("lines")
    @classmethod
    def each_line_once(cls, lines: tuple[LineEditBody, ...]) -> tuple[LineEditBody, ...]:
        if len({line.line_no for line in lines}) != len(lines):
            raise ValueError("a line is named twice")
        return lines

    @model_validator(mode="after")
    def something_and_no_address_twice(self) -> "EditBody":
        if self.ship_to and self.contact:
            raise ValueError("contact is a part of ship_to: name one of them")
        if not any(value or value == "" for name, value in self if name != "reason"):
            raise ValueError("nothing is to be changed")
        return self

    def to_edit(self, currency: str) -> WantedEdit:
        """Return the edit with money in minor units. A 422 names each amount that is finer than the currency."""
        try:
            return self._edit(currency)
        except NotMoney:
            raise invalid_fields(list(self._amount_errors(currency))) from None

    def _edit(self, currency: str) -> WantedEdit:
        steering = {name: getattr(self, name) for name in STEERING}
        contact = {name: getattr(self.contact, name) for name in CONTACT} if self.contact else {}
        notes = {name: getattr(self, name) for name in NOTES}
        amounts = dict(self.amounts) if self.amounts else {}
        return WantedEdit(
            ship_to=self.ship_to.to_address() if self.ship_to else None,
            contact=_given(contact),
            pickup_location=(self.delivery.location_id or "") if self.delivery else None,
            steering={name: str(value) for name, value in _given(steering).items()},
            notes=_given(notes),
            quantities={line.line_no: line.quantity for line in self.lines},
            added=tuple(_added(line, currency) for line in self.add),
            amounts={name: Money.parse(amount, currency) for name, amount in _given(amounts).items()},
        )

    def _amount_errors(self, currency: str) -> Iterator[FieldError]:
        given = {f"amounts.{name}": amount for name, amount in _given(dict(self.amounts or ())).items()}
        for index, line in enumerate(self.add):
            given |= {f"add[{index}].{name}": getattr(line, name) for name in ("unit_price", "discount")}
        for field, amount in given.items():
            try:
                Money.parse(amount, currency)
            except NotMoney as error:
                yield {"field": field, "message": str(error)}


class FieldRefusalAnswer(Answer):
    field: str
    message: str


class EditedLineAnswer(Answer):
    """The units that remain, and what the customer pays for them: discounts and tax are shared out to the cent."""

    line_no: int
    sku: str
    quantity: int
    pays: str


class EditPromiseAnswer(Answer):
    ship_by: datetime | None
    deliver_by: datetime | None


class EditPreviewAnswer(Answer):
    """What the edit would do. With `refusals` it cannot be confirmed.

    `difference` is paid back if it is below zero; above, it is charged by a payment link, and the order waits until it
    is paid. `repay` is what is paid back and `charge` what is to be paid then, earlier edits included. `claims` are
    units by stocked SKU that come to the order. The fulfillment orders in `recall` are called back first; a warehouse
    that refuses, refuses the edit. `audited_again` says that the audit may hold the order in its new form, and
    `sourced_again` that other locations may send it. `promised` is what the customer is promised then, and
    `promised_before` what she is promised now.
    """

    edit_id: str
    state: Literal["proposed", "applied", "refused", "superseded"]
    base_version: int
    fields: list[str]
    refusals: list[FieldRefusalAnswer]
    currency: str
    before: str
    after: str
    difference: str
    repay: str
    charge: str
    lines: list[EditedLineAnswer]
    claims: dict[str, int]
    recall: list[str]
    audited_again: bool
    sourced_again: bool
    promised: EditPromiseAnswer
    promised_before: EditPromiseAnswer
    links: Links


class PaymentLinkAnswer(Answer):
    """Where the customer pays; `url` is empty while the gateway has not answered."""

    reference: str
    url: str
    amount: str
    currency: str


class EditTold(Answer):
    """`done`: the order is edited. `pending`: it has not answered yet; ask again with the same request. `payment_link`
    is there while the customer is to pay what edits charge."""

    answer: Literal["done", "pending"]
    edit_id: str
    payment_link: PaymentLinkAnswer | None
    links: Links


class VersionAnswer(Answer):
    """One edit that was made. `was` and `wanted` are its values before and after, empty for callers who may not see
    persons and once the person is erased; amounts in them are minor units."""

    version: int
    edit_id: str
    at: datetime
    by: str
    source: Literal["api", "channel"]
    reason: str
    fields: list[str]
    difference: str
    was: dict[str, Any]
    wanted: dict[str, Any]


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _added(line: AddedLineBody, currency: str) -> AddedLine:
    price, discount = Money.parse(line.unit_price, currency), Money.parse(line.discount, currency)
    return AddedLine(line.sku, line.quantity, price, discount, line.title)
