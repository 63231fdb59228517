"""Bodies about products, locations, and what a channel may see and sell."""

from datetime import date, time
from typing import Annotated, Any, Literal, Protocol, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, field_validator

from api.schemas import NO_CONTROLS, Body, Channel, Country, Day, Name, Quantity, Sku, Time
from domain.calendars import known_zone

Kind = Literal["warehouse", "store", "supplier", "virtual"]
Code = Annotated[str, Field(max_length=60, pattern=NO_CONTROLS)]
LocationId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,59}$")]
Title = Annotated[str, Field(min_length=1, max_length=300, pattern=NO_CONTROLS)]
Units = Annotated[int, Field(ge=0, le=100_000_000)]
ZONE = r"^[A-Za-z0-9_+/-]+$"
CLOCK = {
    "type": "string",
    "pattern": r"^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?$",
    "description": "A time of day at the location, such as 18:00:00",
}
"""OpenAPI's `time` has a time zone; this one has none."""
EVERY_DAY = [1, 2, 3, 4, 5, 6, 7]


class OfSku(Protocol):
    @property
    def sku(self) -> str: ...


Line = TypeVar("Line", bound=OfSku)


def once(lines: list[Line]) -> list[Line]:
    """Return the lines unchanged. Raises ValueError when two are of one SKU."""
    seen = set[str]()
    for line in lines:
        if line.sku in seen:
            raise ValueError(f"{line.sku} is named twice")
        seen.add(line.sku)
    return lines


def _clock(value: Any) -> Any:
    try:
        at = time.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        raise ValueError("not a time of day such as 18:00") from None
    if isinstance(at, time) and at.tzinfo is not None:
        raise ValueError("the time zone stands in time_zone")
    return at


def _day(value: Any) -> Any:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        raise ValueError("not a date such as 2026-12-31") from None


def _zone(name: str) -> str:
    if not known_zone(name):
        raise ValueError("not a time zone of the IANA database such as Asia/Shanghai")
    return name


# Spreadsheets give times and dates as texts, like JSON.
Clock = Annotated[time, BeforeValidator(_clock), WithJsonSchema(CLOCK)]
Date = Annotated[Day, BeforeValidator(_day)]
Zone = Annotated[str, Field(max_length=60, pattern=ZONE), AfterValidator(_zone)]
Weekday = Annotated[int, Field(ge=1, le=7)]


class PartBody(Body):
    """One bundle needs `quantity` of the part."""

    sku: Sku
    quantity: Quantity


class ProductBody(Body):
    """Tax rates are in hundredths of a percent, null if unknown; `channels` is null for every channel.

    The alert `stock.low` is raised at `low_at` available units or fewer; null is the shop's default threshold.

    A product with a `return_exclusion` cannot be returned, except by the shop's or carrier's fault.

    With `parts` the product is a bundle. `substitutes` may be sent instead when it is short, the best first.
    """

    title: Title
    on_sale: bool = True
    weight_grams: Annotated[int, Field(ge=0, le=10_000_000)] = 500
    hs_code: Code = ""
    dangerous_goods_class: Code = ""
    goods_class: Code = ""
    cross_border: bool = False
    max_per_order: Annotated[int | None, Field(ge=1, le=100_000)] = None
    channels: Annotated[list[Channel] | None, Field(max_length=200)] = None
    bundle_part_only: bool = False
    vat: Annotated[int | None, Field(ge=0, le=10_000)] = None
    consumption_tax: Annotated[int | None, Field(ge=0, le=9_999)] = None
    positive_listed: bool = False
    low_at: Annotated[int | None, Field(ge=0, le=1_000_000_000)] = None
    return_exclusion: Literal["", "custom_made", "perishable", "digital", "periodical"] = ""
    parts: Annotated[list[PartBody], Field(max_length=50, default_factory=list)]
    substitutes: Annotated[list[Sku], Field(max_length=20, default_factory=list)]

    @field_validator("parts")
    @classmethod
    def _each_once(cls, parts: list[PartBody]) -> list[PartBody]:
        return once(parts)


class LocationBody(Body):
    """Among equal locations the one with the lower `priority` is chosen. Latitude and longitude are in degrees; give
    both or none.

    What is ordered until `cut_off` leaves on the same day, on `working_days` (ISO, 1 is Monday) that are neither
    `closed` nor, with `keeps_holidays`, public holidays of the country. On such a day work is released at the times
    `waves`, or at once if there are none. A `capacity_units_per_day` of null is no limit. Only a `bonded` location
    sends goods that customs must clear within the country.
    """

    kind: Kind
    name: Title
    country: Country
    province: Name = ""
    priority: Annotated[int, Field(ge=0, le=999_999)] = 100
    latitude: Annotated[float | None, Field(ge=-90, le=90)] = None
    longitude: Annotated[float | None, Field(ge=-180, le=180)] = None
    time_zone: Zone = "Asia/Shanghai"
    cut_off: Clock = time(18)
    working_days: Annotated[list[Weekday], Field(min_length=1, max_length=7, default_factory=EVERY_DAY.copy)]
    keeps_holidays: bool = False
    closed: Annotated[list[Date], Field(max_length=1_000, default_factory=list)]
    waves: Annotated[list[Clock], Field(max_length=48, default_factory=list)]
    capacity_units_per_day: Annotated[int | None, Field(ge=1, le=100_000_000)] = None
    bonded: bool = False

    @field_validator("working_days", "closed", "waves")
    @classmethod
    def _each_once(cls, values: list[Any]) -> list[Any]:
        if len(set(values)) < len(values):
            raise ValueError("one is named twice")
        return sorted(values)


class QuotaBody(Body):
    """The most units that the channel may claim from `valid_from` until before `valid_to`; null is without end."""

    quantity: Units
    valid_from: Time
    valid_to: Time | None = None


class ChannelStockBody(Body):
    """The channel is shown max(0, floor(share × available) − reserve), and no more than remains of its quotas."""

    share_percent: Annotated[int, Field(ge=0, le=100)] = 100
    reserve: Units = 0
    quotas: Annotated[list[QuotaBody], Field(max_length=50, default_factory=list)]
