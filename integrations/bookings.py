"""Requests to carriers and their answers, whatever the carrier's own format."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NotRequired, Protocol, TypedDict

from integrations.http import Line


class Origin(TypedDict):
    """The location a parcel leaves from."""

    location_id: str
    country: str
    region: str


class ParcelSize(TypedDict):
    """Whole grams and millimeters; length, width and height are absent when nobody measured."""

    weight_grams: int
    length_mm: NotRequired[int]
    width_mm: NotRequired[int]
    height_mm: NotRequired[int]


class BookingRequest(TypedDict):
    """One shipment. `ship_to` is as in docs/partners.md; `origin` is called `from` there.

    For a parcel of several orders `order_id` is one of them; `fulfillment_order_ids` lists everything in it.
    """

    shipment_id: str
    fulfillment_order_id: str
    fulfillment_order_ids: list[str]
    order_id: str
    channel_order_id: str
    origin: Origin
    ship_to: dict[str, Any]
    lines: list[Line]
    parcels: list[ParcelSize]
    carrier: NotRequired[str]
    """The carrier to book; if absent, the TMS chooses."""
    instructions: NotRequired[dict[str, Any]]
    collect: NotRequired[dict[str, str]]
    """The `amount` and `currency` that the carrier collects from the customer."""


class Place(TypedDict):
    """The location that goods return to."""

    location_id: str
    country: str
    region: str


class ReturnBookingRequest(TypedDict):
    """Goods to collect from a customer; `ship_from` is called `from` in docs/partners.md."""

    return_id: str
    order_id: str
    channel_order_id: str
    ship_from: dict[str, Any]
    to: Place
    lines: list[Line]


@dataclass(frozen=True, slots=True)
class Booking:
    """A booked carrier with its waybill; `service` is the carrier's name for it, empty if unknown."""

    carrier: str
    waybill: str
    service: str = ""


class VoidResult(StrEnum):
    """Result of voiding a booking; TOO_LATE means that the carrier already has the parcel."""

    VOIDED = "voided"
    TOO_LATE = "too_late"


@dataclass(frozen=True, slots=True)
class InterceptionRequest:
    """Whether the carrier will try to stop the parcel; the outcome follows by webhook. A refusal is final and has a
    reason."""

    asked: bool
    reason: str


@dataclass(frozen=True, slots=True)
class RerouteAnswer:
    """Whether the carrier accepts the new address; a refusal is final and has a reason."""

    accepted: bool
    reason: str


class CarrierClient(Protocol):
    """A bookable carrier. Every call is safe to repeat with its key."""

    def book(self, request: BookingRequest, key: str) -> Booking:
        """Book the carrier. Raises CarrierRefused."""

    def void(self, shipment_id: str, reason: str, key: str) -> VoidResult:
        """Cancel a booking; one that was never made counts as voided."""

    def intercept(self, shipment_id: str, waybill: str, reason: str, key: str) -> InterceptionRequest:
        """Ask the carrier to stop a parcel in transit and bring it back."""


def kilograms(parcels: list[ParcelSize]) -> float:
    """Total weight of all parcels in kilograms."""
    return sum(parcel["weight_grams"] for parcel in parcels) / 1_000


def centimeters(parcel: ParcelSize) -> tuple[float, float, float] | None:
    """Length, width and height in centimeters, or None when nobody measured."""
    if not {"length_mm", "width_mm", "height_mm"} <= parcel.keys():
        return None
    return parcel["length_mm"] / 10, parcel["width_mm"] / 10, parcel["height_mm"] / 10
