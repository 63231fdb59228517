"""The filters of `GET /orders`, read from its query."""

from typing import Annotated

from fastapi import Depends, Query, Request
from phonenumbers import NumberParseException, is_possible_number, parse

from api.access import Caller
from api.dependencies import caller_of
from api.errors import FORBIDDEN, Problem, invalid
from api.inputs import Filter
from api.orders.order_filters import OrderFilter, Span
from api.orders.staff_filters import AssigneeQuery, MentionsQuery, NotesQuery
from api.schemas import AMOUNT, NO_CONTROLS, Time
from domain.money import Money, NotMoney
from domain.people import contact_email, contact_phone, digits_of
from domain.status import FulfillmentStatus, OrderStatus, PaymentStatus

Words = Annotated[
    str | None,
    Query(
        min_length=1,
        max_length=200,
        pattern=NO_CONTROLS,
        description=(
            "Our number, the channel's number, a waybill, a SKU or a product's name, each whole or from three letters "
            "on its beginning; or a tag"
        ),
    ),
]
PhoneQuery = Annotated[Filter, Query(description="The receiver's, with its country code, such as +8613812345678")]
EmailQuery = Annotated[Filter, Query(description="The receiver's, in any case")]
AmountQuery = Annotated[
    str | None, Query(pattern=AMOUNT, max_length=20, description="Of the grand total, with `currency`")
]
CurrencyQuery = Annotated[str | None, Query(pattern="^[A-Z]{3}$", description="ISO 4217")]


async def _wanted(
    request: Request,
    q: Words = None,
    phone: PhoneQuery = None,
    email: EmailQuery = None,
    channel: Filter = None,
    channel_order_id: Filter = None,
    status: OrderStatus | None = None,
    payment_status: PaymentStatus | None = None,
    fulfillment_status: FulfillmentStatus | None = None,
    hold: Annotated[Filter, Query(description="The code of a hold that is open")] = None,
    disputed: Annotated[bool | None, Query(description="Whether a dispute of its payment is open")] = None,
    attention: Annotated[bool | None, Query(description="Whether a person should look")] = None,
    customer: Filter = None,
    tag: Filter = None,
    assignee: AssigneeQuery = None,
    mentions: MentionsQuery = None,
    has_notes: NotesQuery = None,
    province: Annotated[Filter, Query(description="As the channel wrote it")] = None,
    carrier: Filter = None,
    location: Annotated[Filter, Query(description="A location that works or worked on it")] = None,
    created_after: Time | None = None,
    placed_after: Time | None = None,
    placed_before: Time | None = None,
    shipped_after: Time | None = None,
    shipped_before: Time | None = None,
    delivered_after: Time | None = None,
    delivered_before: Time | None = None,
    amount_from: AmountQuery = None,
    amount_to: AmountQuery = None,
    currency: CurrencyQuery = None,
) -> OrderFilter:
    caller = caller_of(request)
    if channel is not None and not caller.sees(channel):
        raise Problem(FORBIDDEN, f"this key reads orders of the channel {caller.channel}")
    return OrderFilter(
        q=_words(q),
        phone=_phone(phone, caller),
        email=_email(email, caller),
        channel=caller.channel or channel,
        channel_order_id=channel_order_id,
        status=status,
        payment_status=payment_status,
        fulfillment_status=fulfillment_status,
        hold=hold,
        disputed=disputed,
        attention=attention,
        customer=customer,
        tag=tag,
        assignee=assignee,
        mentions=mentions,
        has_notes=has_notes,
        province=province,
        carrier=carrier,
        location=location if caller.location is None else caller.location,
        created_after=created_after,
        placed=Span(placed_after, placed_before),
        shipped=Span(shipped_after, shipped_before),
        delivered=Span(delivered_after, delivered_before),
        currency=currency,
        least=_amount("amount_from", amount_from, currency),
        most=_amount("amount_to", amount_to, currency),
    )


WantedOrders = Annotated[OrderFilter, Depends(_wanted)]


def _words(q: str | None) -> str | None:
    if q is None:
        return None
    if not (words := q.strip()):
        raise invalid("q", "say what to look for")
    return words


def _phone(given: str | None, caller: Caller) -> str | None:
    if given is None:
        return None
    _may_see_people(caller)
    # A plus that was not escaped arrives as a space.
    number = f"+{digits_of(given)}"
    try:
        possible = is_possible_number(parse(number))
    except NumberParseException:
        possible = False
    if not possible:
        raise invalid("phone", "not a phone number with its country code, such as +8613812345678")
    return contact_phone(number, "")


def _email(given: str | None, caller: Caller) -> str | None:
    if given is None:
        return None
    _may_see_people(caller)
    email = contact_email(given)
    if not email:
        raise invalid("email", "not an e-mail address")
    return email


def _may_see_people(caller: Caller) -> None:
    """A 403 for those who may not see people: else they could try out whose orders there are."""
    if not caller.sees_people:
        raise Problem(FORBIDDEN, f"a key of the role {caller.role} may not look for persons")


def _amount(field: str, given: str | None, currency: str | None) -> Money | None:
    if given is None:
        return None
    if currency is None:
        raise invalid("currency", f"{field} is of a currency")
    try:
        return Money.parse(given, currency)
    except NotMoney as problem:
        raise invalid(field, str(problem)) from None
