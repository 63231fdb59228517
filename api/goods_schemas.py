"""Bodies about goods and places: products, locations, what a channel may see and sell, counts of stock."""

from typing import Annotated, Literal, TypeVar

from pydantic import Field, field_validator

from api.schemas import NO_CONTROLS, Body, CaseId, Channel, Country, Name, Quantity, Sku, Time

Kind = Literal["warehouse", "store", "supplier", "virtual"]
Code = Annotated[str, Field(max_length=60, pattern=NO_CONTROLS)]
LocationId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,59}$")]
Title = Annotated[str, Field(min_length=1, max_length=300, pattern=NO_CONTROLS)]
Units = Annotated[int, Field(ge=0, le=100_000_000)]
Line = TypeVar("Line", "PartBody", "CountLineBody")


class PartBody(Body):
    """One bundle needs `quantity` of the part."""

    sku: Sku
    quantity: Quantity


class ProductBody(Body):
    """Rates are in hundredths of a percent, null where they are not known; `channels` of null is every channel.

    At `low_at` available units or fewer the alert `stock.low` is raised; null is the shop's own threshold.

    What has a `return_exclusion` stays sold, unless it comes back by the shop's or carrier's fault.

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
    """A lower `priority` is asked first among equals. Latitude and longitude are degrees, given together or not."""

    kind: Kind
    name: Title
    country: Country
    province: Name = ""
    priority: Annotated[int, Field(ge=0, le=999_999)] = 100
    latitude: Annotated[float | None, Field(ge=-90, le=90)] = None
    longitude: Annotated[float | None, Field(ge=-180, le=180)] = None


class QuotaBody(Body):
    """The most units that the channel may claim from `valid_from` until before `valid_to`, or for good."""

    quantity: Units
    valid_from: Time
    valid_to: Time | None = None


class ChannelStockBody(Body):
    """The channel is shown max(0, floor(share × available) − reserve), and no more than its quotas leave."""

    share_percent: Annotated[int, Field(ge=0, le=100)] = 100
    reserve: Units = 0
    quotas: Annotated[list[QuotaBody], Field(max_length=50, default_factory=list)]


class CountLineBody(Body):
    """`counted` are all units that lie there, whomever they are promised to."""

    sku: Sku
    counted: Units


class StockCountBody(Body):
    """What was found at one location. The same `count_id` again books nothing more."""

    count_id: CaseId
    location_id: LocationId
    reason: Annotated[str, Field(min_length=1, max_length=200, pattern=NO_CONTROLS)]
    lines: Annotated[list[CountLineBody], Field(min_length=1, max_length=2_000)]

    @field_validator("lines")
    @classmethod
    def _each_once(cls, lines: list[CountLineBody]) -> list[CountLineBody]:
        return once(lines)


def once(lines: list[Line]) -> list[Line]:
    """The lines as they are; a ValueError when two are of one SKU."""
    seen = set[str]()
    for line in lines:
        if line.sku in seen:
            raise ValueError(f"{line.sku} is named twice")
        seen.add(line.sku)
    return lines
