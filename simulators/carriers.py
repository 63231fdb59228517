"""Which carrier takes a parcel, under which number, and how its journey goes."""

from hashlib import sha256

from simulators.desk import Body
from simulators.troubles import Trouble, Troubles

STEPS_UNTIL_LOST, STEPS_OF_LATE_DELIVERY = 10, 20
BEGINS_WITH = {"SF Express": "SF", "JD Logistics": "JDVA", "YTO Express": "YT", "UPS": "1Z"}


def choose(shipment: Body) -> str:
    """Where nobody is asked for each has its way: abroad, in the region, across the country."""
    start, end = shipment["from"], shipment["ship_to"]
    if end.get("country", start["country"]) != start["country"]:
        return "DHL Express"
    return "JD Logistics" if end.get("province") == start["region"] else "SF Express"


def waybill(shipment_id: str, carrier: str) -> str:
    """The carrier's letters and fifteen digits, always the same for a shipment."""
    digits = str(int.from_bytes(sha256(shipment_id.encode()).digest()[:6], "big")).zfill(15)
    return BEGINS_WITH.get(carrier, "") + digits


def journey(named: Troubles) -> tuple[tuple[str, int], ...]:
    """The statuses of a parcel and the steps that each takes."""
    if Trouble.LOST_PARCEL in named:
        return ("in_transit", 1), ("exception", STEPS_UNTIL_LOST)
    under_way = STEPS_OF_LATE_DELIVERY if Trouble.LATE_DELIVERY in named else 1
    return ("in_transit", 1), ("out_for_delivery", under_way), ("delivered", 1)
