"""Reads stock: counters at each location, their sum, and what is available to whom."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from api.schemas import Answer
from api.stock.goods_schemas import Kind
from domain.stock.views import kilometers
from models.stock import LocationRow, ProductRow, StockRow
from record.stock.buffers import KEPT_BACK
from record.stock.views import available_at, available_in_network, available_to_channel

Place = tuple[float, float]
"""Latitude and longitude in degrees."""


class Counters(Answer):
    """`available` is what may still be promised online: on_hand − allocated − reserved − buffer − quarantined, where
    `buffer` is what is free but kept for the place itself (`/buffers`). The counters are null for a channel's key,
    since they include the claims of all channels."""

    on_hand: int | None
    in_transit: int | None
    reserved: int | None
    allocated: int | None
    buffer: int | None
    quarantined: int | None
    available: int


class LocationStock(Counters):
    """`distance_km` is as the crow flies, null unless the request has `near`."""

    location_id: str
    kind: Kind
    distance_km: float | None


class SkuStock(Answer):
    """`total` is over the whole network; null when the request narrows the locations, and for a channel's key.

    `available` is what may be promised at the requested locations that sell (all but virtual ones). For a channel it is
    what that channel is shown of the network, and at each location no more than that.
    """

    sku: str
    available: int
    total: Counters | None
    locations: list[LocationStock]


@dataclass(frozen=True, slots=True)
class StockFilter:
    """Filters of the view; None does not filter. With `near` only stores with coordinates count.

    `only` is the channel of the caller: it sees its own view and no counters.
    """

    location: str | None = None
    kind: str | None = None
    channel: str | None = None
    near: Place | None = None
    only: str | None = None

    @property
    def of_some_locations(self) -> bool:
        return bool(self.location or self.kind or self.near)

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return the conditions on rows of stock."""
        if self.location is not None and not (self.kind or self.near):
            return [StockRow.location_id == self.location]
        if not self.of_some_locations:
            return []
        return [StockRow.location_id.in_(select(LocationRow.location_id).where(*self.places()))]

    def places(self) -> list[ColumnElement[bool]]:
        """Return the conditions on locations."""
        which: list[ColumnElement[bool]] = []
        if self.location is not None:
            which.append(LocationRow.location_id == self.location)
        if self.kind is not None:
            which.append(LocationRow.kind == self.kind)
        if self.near is not None:
            which += [LocationRow.kind == "store", LocationRow.latitude.is_not(None)]
        return which


def view(session: Session, skus: Sequence[str], wanted: StockFilter) -> list[SkuStock]:
    """Return the stock of these SKUs; locations are sorted by id, with `near` by distance."""
    stock: dict[str, list[LocationStock]] = {sku: [] for sku in skus}
    shown = available_to_channel(session, wanted.only, skus) if wanted.only else None
    for row, place, kept_back in session.execute(_rows(skus, wanted)):
        here = _at(row, place, kept_back, wanted.near)
        stock[row.sku].append(_without_counters(here, shown[row.sku]) if shown is not None else here)
    if wanted.near:
        for places in stock.values():
            places.sort(key=lambda place: (place.distance_km or 0.0, place.location_id))
    available = _available(session, skus, wanted)
    if shown is not None:
        available = {sku: min(units, shown[sku]) for sku, units in available.items()}
    return [
        SkuStock(
            sku=sku,
            available=available[sku],
            total=None if wanted.of_some_locations or wanted.only else _total(places),
            locations=places,
        )
        for sku, places in stock.items()
    ]


def _rows(skus: Sequence[str], wanted: StockFilter) -> Select[StockRow, LocationRow, int]:
    rows = select(StockRow, LocationRow, KEPT_BACK).join(ProductRow, ProductRow.sku == StockRow.sku)
    rows = rows.join(LocationRow, LocationRow.location_id == StockRow.location_id)
    chosen = StockRow.sku.in_(skus), *wanted.conditions()
    return rows.where(*chosen).order_by(StockRow.sku, StockRow.location_id)


def _at(row: StockRow, place: LocationRow, kept_back: int, near: Place | None) -> LocationStock:
    counters = {name: getattr(row, name) for name in Counters.model_fields}
    counters |= {"buffer": row.buffer + kept_back, "available": row.available - kept_back}
    distance = None
    if near and place.latitude is not None and place.longitude is not None:
        distance = round(kilometers(near, (place.latitude, place.longitude)), 1)
    return LocationStock(location_id=row.location_id, kind=place.kind, distance_km=distance, **counters)


def _without_counters(place: LocationStock, shown: int) -> LocationStock:
    hidden: dict[str, int | None] = dict.fromkeys(Counters.model_fields)
    return place.model_copy(update=hidden | {"available": max(0, min(place.available, shown))})


def _available(session: Session, skus: Sequence[str], wanted: StockFilter) -> dict[str, int]:
    if wanted.channel:
        return available_to_channel(session, wanted.channel, skus)
    if not wanted.of_some_locations:
        return available_in_network(session, skus)
    asked = set(session.scalars(select(LocationRow.location_id).where(*wanted.places())))
    return {
        sku: sum(units for place, units in places.items() if place in asked)
        for sku, places in available_at(session, skus).items()
    }


def _total(places: list[LocationStock]) -> Counters:
    return Counters(**{name: sum(getattr(place, name) for place in places) for name in Counters.model_fields})
