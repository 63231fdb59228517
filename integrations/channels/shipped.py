"""The shipping state of a platform's order, as parcels that all translators build in the same way."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from domain.elsewhere import WHOLE_ORDER, ParcelElsewhere
from domain.order import OrderLine
from integrations.channels.reading import Reader

ALL: int | None = None
"""All units of a line, for platforms that ship whole lines."""
MAX_WAYBILL, MAX_CARRIER, MAX_PARCELS = 100, 60, 100


def waybill(reader: Reader, *names: str) -> str:
    """Return the first of these fields that is present, or an empty text."""
    return next((text for name in names if (text := reader.text(name, MAX_WAYBILL, cut=True))), "")


def carrier(reader: Reader, *names: str) -> str:
    return next((text for name in names if (text := reader.text(name, MAX_CARRIER, cut=True))), "")


def whole(
    shipped_at: datetime | None,
    delivered_at: datetime | None = None,
    carrier: str = "",
    waybill: str = "",
    key: str = WHOLE_ORDER,
) -> tuple[ParcelElsewhere, ...]:
    """Return one parcel with all that no other parcel holds."""
    return (ParcelElsewhere(waybill or key, carrier, waybill, shipped_at, delivered_at),)


def wholes(
    named: Iterable[tuple[str, str]], shipped_at: datetime | None, delivered_at: datetime | None = None
) -> tuple[ParcelElsewhere, ...]:
    """Return the parcels of an order that was shipped as a whole under these (carrier, waybill), of which nobody says
    what is in which."""
    found = {waybill.strip()[:MAX_WAYBILL]: by for by, waybill in named if waybill.strip()}
    parcels = [whole(shipped_at, delivered_at, by, waybill)[0] for waybill, by in found.items()]
    return tuple(parcels[:MAX_PARCELS]) or whole(shipped_at, delivered_at)


def parcel(
    lines: Sequence[OrderLine],
    units: Iterable[tuple[str, int | None]],
    shipped_at: datetime | None,
    delivered_at: datetime | None = None,
    carrier: str = "",
    waybill: str = "",
    key: str = "",
) -> tuple[ParcelElsewhere, ...]:
    """Return the parcel with these units by `channel_line_id`, ALL for whole lines; nothing if the order has none of
    them."""
    held = dict[int, int]()
    for name, number in units:
        named = [line for line in lines if name and line.channel_line_id == name]
        for line in named:
            # Parts of a bundle share the line's id, and are shipped together.
            more = line.quantity if number is None or len(named) > 1 else number
            held[line.line_no] = held.get(line.line_no, 0) + more
    in_parcel = tuple((number, units) for number, units in sorted(held.items()) if units > 0)
    if not in_parcel:
        return ()
    return (ParcelElsewhere(key or waybill or WHOLE_ORDER, carrier, waybill, shipped_at, delivered_at, in_parcel),)
