"""Bodies and answers of promises."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from api.schemas import NO_CONTROLS, Answer, Body, Channel, Country, Name, Quantity, Sku, Time
from api.stock.goods_schemas import LocationId

MAX_LINES, MAX_STORES = 100, 20
DEFAULT_SECONDS = 900
Level = Literal["same-day", "express", "priority", "standard", "economy"]


class PromiseLineBody(Body):
    sku: Sku
    quantity: Quantity


class PlaceBody(Body):
    """Where it would go. Of it only a hash of country and province is kept."""

    country: Country
    province: Name = ""
    city: Name = ""
    postal_code: Annotated[str, Field(max_length=20, pattern=NO_CONTROLS)] = ""


class PromiseBody(Body):
    """`place` if it is to be sent, `store` if the customer would fetch it there; with both, the stores nearby are those
    near the place."""

    channel: Annotated[Channel | None, Field(description="A channel's own key may leave it out.")] = None
    lines: Annotated[tuple[PromiseLineBody, ...], Field(min_length=1, max_length=MAX_LINES)]
    place: PlaceBody | None = None
    store: LocationId | None = None
    service_level: Level = "standard"
    at: Annotated[Time | None, Field(description="When the order would be placed; now if left out.")] = None
    stores: Annotated[int, Field(ge=0, le=MAX_STORES, description="How many stores nearby to name.")] = 5
    keep: Annotated[
        Literal["nothing", "dates", "stock"],
        Field(description="`dates`: an order may carry this promise. `stock`: and its units are held for it."),
    ] = "nothing"
    seconds: Annotated[int, Field(ge=60, le=2_592_000, description="How long it is kept, within the settings.")] = (
        DEFAULT_SECONDS
    )


class RenewalBody(Body):
    seconds: Annotated[int, Field(ge=60, le=2_592_000, description="From now on, within the settings.")] = (
        DEFAULT_SECONDS
    )


class PromisedLine(Answer):
    """`available` of the `quantity` asked for."""

    sku: str
    quantity: int
    available: int
    code: Literal["in_stock", "short", "not_sold_here"]


class PromisedParcel(Answer):
    """`units` by stocked SKU: a bundle is sent as its parts. `arrives_at` is expected, `latest_at` cautious; both are
    null if no carrier is known or the customer fetches it."""

    location_id: str
    units: dict[str, int]
    carrier: str
    freight: str | None
    kilometers: float
    leaves_at: datetime
    arrives_at: datetime | None
    latest_at: datetime | None


class NearStoreAnswer(Answer):
    """`available` is by line, in their order; `complete` means all of all lines."""

    location_id: str
    kilometers: float
    available: list[int]
    complete: bool
    ready_at: datetime


class WhyAnswer(Answer):
    """`excluded` says why other locations do not send; it is empty for a channel's own key, and once the promise is
    read again."""

    policy: str
    reason: str
    codes: list[Literal["incomplete", "split", "late", "no_carrier", "no_price"]]
    excluded: dict[str, str] = Field(default_factory=dict)


class PromiseAnswer(Answer):
    """What can be promised. `ship_by` and `deliver_by` are the dates of an order that carries it; `freight` is null if
    a carrier has no price.

    With `promise_id` it is kept until `expires_at`; nothing is kept while something is short. `order_id` is the order
    that took it.
    """

    promise_id: str | None = None
    held: Literal["nothing", "dates", "stock"] = "nothing"
    expires_at: datetime | None = None
    order_id: str | None = None
    channel: str
    at: datetime
    complete: bool
    lines: list[PromisedLine]
    parcels: list[PromisedParcel]
    ship_by: datetime | None
    deliver_by: datetime | None
    freight: str | None
    currency: str
    stores: list[NearStoreAnswer]
    why: WhyAnswer
