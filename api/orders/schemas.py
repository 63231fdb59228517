"""The body of an order with the API's limits, and its translation into a `domain.Order`."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator

from api.errors import FieldError, invalid, invalid_fields
from api.orders.identity import BuyerBody
from api.orders.tender_schemas import TenderBody, tender_errors
from api.schemas import (
    NO_CONTROLS,
    REFERENCE,
    Amount,
    Body,
    Channel,
    Country,
    Currency,
    Name,
    Phone,
    Prose,
    Quantity,
    Reference,
    Sku,
    Time,
)
from api.stock.goods_schemas import LocationId
from domain.contents.templates import LANGUAGE
from domain.elsewhere import ParcelElsewhere
from domain.money import Money, NotMoney
from domain.order import Address, Order, OrderLine
from domain.people import is_number_of
from domain.pickup import PICKUP
from domain.tenders import MAX_TENDERS

MAX_LINES = 2_000
MAX_PARCELS = 200

EMAIL = r"^$|^[^@\s\x00-\x1f\x7f]+@[^@\s\x00-\x1f\x7f]+$|^[^\x00-\x1f\x7f]*\*[^\x00-\x1f\x7f]*$"
"""Empty, `something@something`, or masked with stars."""
Email = Annotated[str, Field(max_length=254, pattern=EMAIL)]
PropertyName = Annotated[str, Field(min_length=1, max_length=100, pattern=NO_CONTROLS)]
PropertyText = Annotated[str, Field(max_length=1_000, pattern=NO_CONTROLS)]
Tag = Annotated[str, Field(min_length=1, max_length=40, pattern=NO_CONTROLS)]


class CustomerBody(Body):
    customer_id: Annotated[
        str,
        Field(
            min_length=1,
            max_length=100,
            pattern=r"^[!-?A-~]+$",
            description="The channel's id of the customer, which says nothing about the person: printable ASCII, no @.",
        ),
    ]
    language: Annotated[
        str, Field(pattern=rf"^$|^{LANGUAGE.pattern}$", description="What the customer reads: `en`, `zh-CN`.")
    ] = ""


class AddressBody(Body):
    """Leave out the parts that the channel hides or does not have: the audit asks for what is missing."""

    country: Country
    name: Name = ""
    phone: Phone = ""
    email: Email = ""
    province: Name = ""
    city: Name = ""
    district: Name = ""
    postal_code: Annotated[str, Field(max_length=20, pattern=NO_CONTROLS)] = ""
    lines: Annotated[tuple[Name, ...], Field(max_length=6)] = ()
    receiver_token: Annotated[
        str, Field(max_length=500, pattern=NO_CONTROLS, description="What the channel calls a receiver whom it masks.")
    ] = ""

    def to_address(self) -> Address:
        return Address(**vars(self))


class LineBody(Body):
    sku: Sku
    quantity: Quantity
    unit_price: Amount
    discount: Annotated[Amount, Field(description="Of the whole line.")] = "0"
    title: Annotated[str, Field(max_length=300, pattern=NO_CONTROLS)] = ""
    channel_line_id: Annotated[str, Field(max_length=100, pattern=NO_CONTROLS)] = ""
    gift: bool = False
    bundle_of: Annotated[str, Field(max_length=64, pattern=NO_CONTROLS, description="The SKU of the bundle.")] = ""
    properties: Annotated[
        dict[PropertyName, PropertyText],
        Field(max_length=50, default_factory=dict, description="What the customer chose or had written."),
    ]

    def to_line(self, line_no: int, currency: str) -> OrderLine:
        return OrderLine(
            line_no=line_no,
            sku=self.sku,
            quantity=self.quantity,
            unit_price=Money.parse(self.unit_price, currency),
            discount=Money.parse(self.discount, currency),
            title=self.title,
            channel_line_id=self.channel_line_id,
            gift=self.gift,
            bundle_of=self.bundle_of,
            properties=tuple(self.properties.items()),
        )


class TotalsBody(Body):
    """Lines less their discounts, less `discount`, plus `shipping` and `tax` ought to be `grand_total`."""

    discount: Annotated[Amount, Field(description="Of the whole order, beside those of its lines.")] = "0"
    shipping: Amount = "0"
    tax: Amount = "0"
    grand_total: Amount


class PaymentBody(Body):
    reference: Annotated[
        str,
        Field(
            max_length=100,
            pattern=f"^$|{REFERENCE}",
            description="By which the payment gateway knows the payment; may be left out where tenders pay everything.",
        ),
    ] = ""
    method: Annotated[str, Field(max_length=40, pattern=NO_CONTROLS)] = ""
    shared: Annotated[
        bool, Field(description="True if the payment covers other orders too: what is due is this order's part.")
    ] = False
    collected: Annotated[
        Amount | None, Field(description="What the channel has collected itself, where the terms say that it does.")
    ] = None


class PromisedBody(Body):
    """The channel's promise to the customer; our own rules promise whatever it leaves out."""

    ship_by: Time | None = None
    deliver_by: Time | None = None

    @model_validator(mode="after")
    def in_their_order(self) -> "PromisedBody":
        if self.ship_by and self.deliver_by and self.deliver_by < self.ship_by:
            raise ValueError("deliver_by is before ship_by")
        return self


class DeliveryBody(Body):
    """`pickup`: the customer fetches it at the store `location_id`."""

    method: Literal["ship", "pickup"] = "ship"
    location_id: Annotated[LocationId | None, Field(validate_default=True)] = None

    @field_validator("location_id")
    @classmethod
    def _of_pickup(cls, location_id: str | None, info: ValidationInfo) -> str | None:
        if (info.data.get("method") == PICKUP) != (location_id is not None):
            raise ValueError("a pickup names its store, and nothing else does")
        return location_id


class ParcelLineBody(Body):
    line_no: Annotated[int, Field(ge=1, le=MAX_LINES, description="Of the order, from 1.")]
    quantity: Quantity


class ParcelBody(Body):
    """A parcel that the channel has shipped itself. Without lines it holds everything that no other parcel does."""

    carrier: Annotated[str, Field(max_length=60, pattern=NO_CONTROLS)] = ""
    waybill: Annotated[str, Field(max_length=100, pattern=NO_CONTROLS)] = ""
    shipped_at: Time
    delivered_at: Time | None = None
    lines: Annotated[tuple[ParcelLineBody, ...], Field(max_length=MAX_LINES)] = ()

    def to_parcel(self, number: int) -> ParcelElsewhere:
        lines = tuple([(line.line_no, line.quantity) for line in self.lines])
        times = self.shipped_at, self.delivered_at
        return ParcelElsewhere(self.waybill or f"parcel-{number}", self.carrier, self.waybill, *times, lines)


class OrderBody(Body):
    """One order of one channel, in one currency."""

    channel: Channel
    channel_order_id: Annotated[Reference, Field(description="The channel's own number, unique within the channel.")]
    placed_at: Time
    currency: Currency
    customer: CustomerBody
    ship_to: AddressBody
    delivery: Annotated[DeliveryBody, Field(default_factory=DeliveryBody)]
    lines: Annotated[tuple[LineBody, ...], Field(min_length=1, max_length=MAX_LINES)]
    totals: TotalsBody
    payment: PaymentBody
    tenders: Annotated[
        tuple[TenderBody, ...],
        Field(max_length=MAX_TENDERS, description="Parts of the price that `payment` does not pay."),
    ] = ()
    remarks: Prose = ""
    merchant_remarks: Annotated[Prose, Field(description="What the shop's own staff wrote.")] = ""
    tags: Annotated[tuple[Tag, ...], Field(max_length=20)] = ()
    test: Annotated[bool, Field(description="Placed to try the channel out: nothing may be sent.")] = False
    buyer: Annotated[BuyerBody | None, Field(description="Who imports, for cross-border goods.")] = None
    promised: PromisedBody = PromisedBody()
    promise_id: Annotated[
        str,
        Field(pattern=r"^$|^promise_[0-9A-Z]{26}$", description="The promise given for it, with its dates."),
    ] = ""
    shipped_elsewhere: Annotated[
        tuple[ParcelBody, ...], Field(max_length=MAX_PARCELS, description="What is never to be sent from here.")
    ] = ()

    @field_validator("shipped_elsewhere")
    @classmethod
    def _of_its_lines(cls, parcels: tuple[ParcelBody, ...], info: ValidationInfo) -> tuple[ParcelBody, ...]:
        known = len(info.data.get("lines", ()))
        if any(line.line_no > known for parcel in parcels for line in parcel.lines):
            raise ValueError("names a line that the order does not have")
        return parcels

    @field_validator("promise_id")
    @classmethod
    def _with_its_own_dates(cls, promise_id: str, info: ValidationInfo) -> str:
        promised: PromisedBody | None = info.data.get("promised")
        if promise_id and promised and (promised.ship_by or promised.deliver_by):
            raise ValueError("brings its own dates: leave `promised` out")
        return promise_id

    @property
    def elsewhere(self) -> list[ParcelElsewhere]:
        return [parcel.to_parcel(number) for number, parcel in enumerate(self.shipped_elsewhere, 1)]

    def to_order(self, identity_key: SecretStr | None = None) -> Order:
        """Return the order with money in minor units, and with a token of its buyer made with the key.

        A 422 names each amount that is finer than its currency allows, tenders that are more than the total, and a
        customer id that is the phone number.
        """
        if is_number_of(self.customer.customer_id, self.ship_to.phone):
            raise invalid("customer.customer_id", "is the phone number of the receiver: send an id that names nobody")
        try:
            order = self._order(identity_key)
        except NotMoney:
            raise invalid_fields(list(self._amount_errors())) from None
        if errors := list(tender_errors(order)):
            raise invalid_fields(errors)
        return order

    def _order(self, identity_key: SecretStr | None) -> Order:
        totals, currency = self.totals, self.currency
        return Order(
            channel=self.channel,
            channel_order_id=self.channel_order_id,
            placed_at=self.placed_at,
            customer_id=self.customer.customer_id,
            ship_to=self.ship_to.to_address(),
            lines=tuple([line.to_line(number, currency) for number, line in enumerate(self.lines, 1)]),
            discount=Money.parse(totals.discount, currency),
            shipping=Money.parse(totals.shipping, currency),
            tax=Money.parse(totals.tax, currency),
            grand_total=Money.parse(totals.grand_total, currency),
            payment_reference=self.payment.reference,
            payment_method=self.payment.method,
            shared_payment=self.payment.shared,
            collected=None if self.payment.collected is None else Money.parse(self.payment.collected, currency),
            tenders=tuple([tender.to_tender(number, currency) for number, tender in enumerate(self.tenders, 1)]),
            remarks=self.remarks,
            merchant_remarks=self.merchant_remarks,
            tags=self.tags,
            pickup_location=self.delivery.location_id or "",
            test=self.test,
            language=self.customer.language,
            buyer=self.buyer.to_buyer(identity_key) if self.buyer else None,
            ship_by=self.promised.ship_by,
            deliver_by=self.promised.deliver_by,
            promise_id=self.promise_id,
        )

    def _amount_errors(self) -> Iterator[FieldError]:
        amounts = {f"totals.{name}": amount for name, amount in self.totals}
        if self.payment.collected is not None:
            amounts["payment.collected"] = self.payment.collected
        amounts |= {f"tenders[{index}].amount": tender.amount for index, tender in enumerate(self.tenders)}
        for index, line in enumerate(self.lines):
            amounts |= {f"lines[{index}].{name}": getattr(line, name) for name in ("unit_price", "discount")}
        for field, amount in amounts.items():
            try:
                Money.parse(amount, self.currency)
            except NotMoney as error:
                yield {"field": field, "message": str(error)}
