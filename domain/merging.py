"""Merging: which orders may travel in one parcel, and the key by which they find each other."""

from dataclasses import dataclass
from hashlib import sha256

from domain.order import Address

ON_DELIVERY = "cod"
"""Our payment method for cash on delivery, whatever the channel calls it."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """The goods of one order that leave one location. `group` names the channels whose orders may be merged."""

    group: str
    customer_id: str
    ship_to: Address
    service: str
    payment_method: str
    from_country: str
    held: bool = False
    return_open: bool = False
    imported: bool = False
    """True for a personal import, also from bonded stock within the country."""
    ship_alone: bool = False
    """True if the customer or staff asked for it."""


def merge_key(parcel: Parcel) -> str:
    """A hash, equal for parcels of one customer to one address and phone by one service.

    A receiver whom the channel masks is recognized by the channel's token, since a masked address says nothing.
    """
    to = parcel.ship_to
    where = (to.country, to.province, to.city, to.district, to.postal_code, *to.lines)
    address = "".join("".join(where).split()).casefold()
    phone = "".join(sign for sign in to.phone if sign.isdigit())
    receiver = to.receiver_token or f"{address} {phone}"
    return sha256(repr((parcel.group, parcel.customer_id, receiver, parcel.service)).encode()).hexdigest()


def why_alone(parcel: Parcel) -> str:
    """Why the parcel may not be merged with another, or empty."""
    if parcel.ship_alone:
        return "it is to be sent by itself"
    if parcel.ship_to.country != parcel.from_country:
        return "it crosses a border, where limits count by the parcel"
    if parcel.imported:
        return "it is a personal import, whose limits count by the order"
    if parcel.payment_method == ON_DELIVERY:
        return "it is paid on delivery"
    if parcel.held:
        return "it is held"
    if parcel.return_open:
        return "a return case is open"
    return ""
