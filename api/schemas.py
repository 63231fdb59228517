"""The types of fields that bodies share. Whatever does not fit is refused with the field's name, never dropped."""

from datetime import UTC, date, datetime
from typing import Annotated, Generic, TypeVar

from iso3166 import countries_by_alpha2
from iso4217 import Currency as KnownCurrency
from phonenumbers import NumberParseException, is_possible_number
from phonenumbers import parse as parse_phone
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from domain.money import NotMoney, minor_digits

AMOUNT = r"^[0-9]{1,12}(\.[0-9]{1,6})?$"
REFERENCE = r"^[!-.0-?A-~]+$"
NO_CONTROLS = r"^[^\x00-\x1f\x7f]*$"
PROSE = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"
PHONE = r"^$|^\+[0-9][0-9 ().-]*$|^[^\x00-\x1f\x7f]*\*[^\x00-\x1f\x7f]*$"
"""Empty, a number with its country code, or one that the channel has masked with stars."""
FIRST, LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
"""Days outside of this century are mistakes, and those at the ends of the calendar have no day before or after."""
OUR_DAYS = {"pattern": "^20[0-9]{2}-"}
"""The same limits for OpenAPI."""

Item = TypeVar("Item")


class Body(BaseModel):
    """A body sent to us: types are exact, and an unknown field is an error."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Answer(BaseModel):
    """A body that we send, made from a row or by hand."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


class Page(Answer, Generic[Item]):
    """One page of a list. `next_cursor` asks for the next one and is null on the last."""

    items: list[Item]
    next_cursor: str | None


class Links(Answer):
    """Links to the order, its events, and its page in the Temporal UI."""

    self: str
    events: str
    workflow: str


def _country(code: str) -> str:
    if code not in countries_by_alpha2:
        raise ValueError("not an ISO 3166 alpha-2 code")
    return code


def _currency(code: str) -> str:
    try:
        minor_digits(code)
    except NotMoney:
        raise ValueError("not an ISO 4217 code") from None
    return code


def _phone(text: str) -> str:
    # A channel may mask digits with stars; such a number stays as it is.
    if not text or "*" in text:
        return text
    try:
        possible = is_possible_number(parse_phone(text))
    except NumberParseException:
        possible = False
    if not possible:
        raise ValueError("not a phone number in the form of E.164, such as +8613812345678")
    return text


Channel = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
Reference = Annotated[
    str,
    Field(min_length=1, max_length=100, pattern=REFERENCE, description="Printable ASCII without space, slash or @."),
]
CaseId = Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{1,60}$")]
Sku = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\s\x00-\x1f\x7f]+$")]
Quantity = Annotated[int, Field(ge=1, le=100_000)]
Amount = Annotated[
    str, Field(pattern=AMOUNT, description="A decimal string, no finer than the currency's smallest unit.")
]
Currency = Annotated[
    str,
    AfterValidator(_currency),
    Field(description="ISO 4217", json_schema_extra={"enum": sorted({one.code for one in KnownCurrency})}),
]
Country = Annotated[
    str,
    AfterValidator(_country),
    Field(description="ISO 3166 alpha-2", json_schema_extra={"enum": sorted(countries_by_alpha2)}),
]
Phone = Annotated[str, Field(max_length=40, pattern=PHONE, description="E.164, or masked"), AfterValidator(_phone)]
Name = Annotated[str, Field(max_length=200, pattern=NO_CONTROLS)]
Prose = Annotated[str, Field(max_length=2_000, pattern=PROSE)]
Time = Annotated[
    AwareDatetime,
    Field(ge=FIRST, lt=LAST, description="RFC 3339 with its zone, of this century", json_schema_extra=OUR_DAYS),
]
Day = Annotated[date, Field(ge=FIRST.date(), lt=LAST.date(), json_schema_extra=OUR_DAYS)]
