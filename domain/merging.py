"""Which orders may travel in one parcel, and by what it is known that they belong together."""

from dataclasses import dataclass
from hashlib import sha256

from domain.order import Address

ON_DELIVERY = "cod"
"""The payment method of an order that is paid at the door, whatever its channel calls it."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is to be sent for one order from one place. `group` are the channels whose orders may meet."""

    group: str
    customer_id: str
    ship_to: Address
    service: str
    payment_method: str
    from_country: str
    held: bool = False
    return_open: bool = False
    imported: bool = False
    """Whether it is a personal import, also out of bonded stock within the country."""
    ship_alone: bool = False
    """Whether the customer or staff wish it."""


def merge_key(parcel: Parcel) -> str:
    """The same for parcels of one buyer to one address and phone by one service, and opaque.

    A receiver whom the channel masks is known by the channel's token; the text of such an address means nothing.
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
