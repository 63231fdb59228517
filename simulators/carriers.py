"""Choice of the carrier, its waybill, and the parcel's journey with the named troubles."""

from hashlib import sha256

from simulators.endpoints import Body
from simulators.troubles import Trouble, Troubles

Leg = tuple[str, int]
STEPS_UNTIL_LOST, STEPS_OF_LATE_DELIVERY, STEPS_AFTER_FAILURE = 10, 20, 10
WAYBILL_PREFIXES = {"SF Express": "SF", "JD Logistics": "JDVA", "YTO Express": "YT", "UPS": "1Z"}

JOURNEYS: dict[Trouble, tuple[Leg, ...]] = {
    Trouble.DAMAGED_PARCEL: (("in_transit", 1), ("exception", 1)),
    Trouble.REFUSED_BY_RECEIVER: (("in_transit", 1), ("out_for_delivery", 1), ("return_to_sender", 1)),
    Trouble.FAILED_ATTEMPTS: (
        ("in_transit", 1),
        *(("failed_attempt", 1),) * 3,
        ("delivered", STEPS_AFTER_FAILURE),
    ),
    Trouble.LOST_PARCEL: (("in_transit", 1), ("exception", STEPS_UNTIL_LOST)),
}
"""The statuses of a parcel and the steps until each."""

DETAILS: dict[tuple[Trouble, str], Body] = {
    (Trouble.LOST_PARCEL, "exception"): {"code": "lost"},
    (Trouble.DAMAGED_PARCEL, "exception"): {"code": "damaged"},
    (Trouble.REFUSED_BY_RECEIVER, "return_to_sender"): {"code": "refused"},
    (Trouble.NO_SIGNATURE, "delivered"): {"signed": False},
}


def choose(shipment: Body) -> str:
    """The carrier for a shipment that names none: DHL abroad, JD within the region, SF across the country."""
    start, end = shipment["from"], shipment["ship_to"]
    if end.get("country", start["country"]) != start["country"]:
        return "DHL Express"
    return "JD Logistics" if end.get("province") == start["region"] else "SF Express"


def waybill(shipment_id: str, carrier: str) -> str:
    """The carrier's prefix and fifteen digits, always the same for a shipment."""
    digits = str(int.from_bytes(sha256(shipment_id.encode()).digest()[:6], "big")).zfill(15)
    return WAYBILL_PREFIXES.get(carrier, "") + digits


def journey(named: Troubles) -> tuple[Leg, ...]:
    """The statuses of a parcel and the steps until each."""
    for trouble, legs in JOURNEYS.items():
        if trouble in named:
            return legs
    in_transit_steps = STEPS_OF_LATE_DELIVERY if Trouble.LATE_DELIVERY in named else 1
    return ("in_transit", 1), ("out_for_delivery", in_transit_steps), ("delivered", 1)


def tracking_details(named: Troubles, status: str) -> Body:
    """The fields that the carrier adds to this status, such as a code."""
    return {name: value for trouble in named for name, value in DETAILS.get((trouble, status), {}).items()}
