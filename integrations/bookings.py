"""What a carrier is asked and answers, whichever words it speaks."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NotRequired, Protocol, TypedDict

from integrations.http import Line


class Origin(TypedDict):
    """Where a parcel starts."""

    location_id: str
    country: str
    region: str


class ParcelSize(TypedDict):
    """Whole grams and millimeters; the measures are there where somebody measured."""

    weight_grams: int
    length_mm: NotRequired[int]
    width_mm: NotRequired[int]
    height_mm: NotRequired[int]


class BookingRequest(TypedDict):
    """One shipment. `ship_to` is as in docs/partners.md; `origin` is called `from` there.

    Of a shared parcel `order_id` is one of its orders, and `fulfillment_order_ids` has all that is in it.
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
    """The one that is to carry it; without one the TMS chooses."""
    instructions: NotRequired[dict[str, Any]]


class Place(TypedDict):
    """Where goods go back to."""

    location_id: str
    country: str
    region: str


class ReturnBookingRequest(TypedDict):
    """Goods to be fetched at a customer's; `ship_from` is called `from` in docs/partners.md."""

    return_id: str
    order_id: str
    channel_order_id: str
    ship_from: dict[str, Any]
    to: Place
    lines: list[Line]


@dataclass(frozen=True, slots=True)
class Booking:
    """Who carries the shipment, under which number, and what the carrier calls the service if it says so."""

    carrier: str
    waybill: str
    service: str = ""


class VoidResult(StrEnum):
    """Whether the booking is gone; too late means that the carrier has the parcel."""

    VOIDED = "voided"
    TOO_LATE = "too_late"


@dataclass(frozen=True, slots=True)
class InterceptionRequest:
    """Whether the carrier will try; what became of it comes by webhook. A refusal is final and says why."""

    asked: bool
    reason: str


@dataclass(frozen=True, slots=True)
class RerouteAnswer:
    """Whether the parcel goes to the new address; a refusal is final and says why."""

    accepted: bool
    reason: str


class Courier(Protocol):
    """A carrier that can be booked. Every call is safe to repeat with its key."""

    def book(self, request: BookingRequest, key: str) -> Booking:
        """Raises CarrierRefused."""

    def void(self, shipment_id: str, reason: str, key: str) -> VoidResult:
        """Take a booking back; one that was never made counts as voided."""

    def intercept(self, shipment_id: str, waybill: str, reason: str, key: str) -> InterceptionRequest:
        """Ask the carrier to stop a parcel under way and bring it back."""


def kilograms(parcels: list[ParcelSize]) -> float:
    """What all parcels weigh together."""
    return sum(parcel["weight_grams"] for parcel in parcels) / 1_000


def centimeters(parcel: ParcelSize) -> tuple[float, float, float] | None:
    """Length, width and height, or None where nobody measured."""
    if not {"length_mm", "width_mm", "height_mm"} <= parcel.keys():
        return None
    return parcel["length_mm"] / 10, parcel["width_mm"] / 10, parcel["height_mm"] / 10
