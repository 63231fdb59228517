"""An order as rows to insert, and the hash by which the same order is recognized."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from pydantic_core import to_json

from domain.duplicates import content_hash
from domain.elsewhere import ParcelElsewhere, resolve, units_by_line
from domain.ids import new_order_id
from domain.order import Address, Order, OrderLine
from domain.people import contact_email, contact_phone
from domain.promising import Terms, region_token, units_of
from domain.tenders import Tender

CONTAINERS = (dict, list)

_canonical_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode


@dataclass(frozen=True, slots=True)
class NewOrder:
    """An order as rows in JSON, built before the transaction to keep that short."""

    order_id: str
    channel: str
    channel_order_id: str
    request_hash: str
    order: str
    lines: str
    event: str
    """Its first facts."""
    phone: str
    email: str
    """By which its receiver is found; only their hashes are stored beside the receiver."""
    weight: int
    """The number of rows."""
    parcels: str = ""
    """Those that were shipped elsewhere, or empty."""
    tenders: str = ""
    promise_id: str = ""
    terms: Terms | None = None
    """What it must have in common with the promise that it carries; None if it carries none."""


def new_order(
    order: Order,
    actor: str,
    channel_version: str = "",
    elsewhere: Sequence[ParcelElsewhere] = (),
    at: datetime | None = None,
) -> NewOrder:
    """Give an order its id and build its rows. `actor` is the name of the key or channel that sent it, and `elsewhere`
    are the parcels that its channel has shipped already. Past orders are sorted by their time `at`."""
    order_id, row, lines = new_order_id(at), _order_row(order), [_line_row(line) for line in order.lines]
    parcels = resolve(elsewhere, {line.line_no: line.quantity for line in order.lines}) if elsewhere else []
    gone = units_by_line(parcels)
    if parcels:
        lines = [line | {"elsewhere": gone[line["line_no"]]} for line in lines]
    # A channel's states have versions; without one, another shipping state, or another word of money, is another body.
    tenders = [_tender_row(one) for one in order.tenders]
    sent = row | {"tenders": tenders}
    if channel_version:
        sent |= {"collected_minor": None, "tenders": [one | {"collected": False} for one in tenders]}
    hashed = _hash(sent, lines, [] if channel_version else [parcel_row("", one) for one in parcels])
    own: dict[str, Any] = {"order_id": order_id, "request_hash": hashed, "channel_version": channel_version}
    own["content_hash"] = content_hash(order)
    return NewOrder(
        order_id=order_id,
        channel=order.channel,
        channel_order_id=order.channel_order_id,
        request_hash=hashed,
        order=_json(row | own),
        lines=_json([{"order_id": order_id, **line} for line in lines])[1:-1],
        event=",".join(map(_json, _facts(order_id, actor, gone.total()))),
        phone=contact_phone(order.ship_to.phone, order.ship_to.country),
        email=contact_email(order.ship_to.email),
        weight=2 + len(order.lines),
        parcels=_json([parcel_row(order_id, one) for one in parcels])[1:-1],
        tenders=_json([{"order_id": order_id, **one} for one in tenders])[1:-1],
        promise_id=order.promise_id,
        terms=_terms(order) if order.promise_id else None,
    )


def _terms(order: Order) -> Terms:
    units = units_of((line.sku, line.quantity) for line in order.lines)
    to = region_token(order.ship_to.country, order.ship_to.province)
    return Terms(order.channel, to, order.pickup_location, units)


def _facts(order_id: str, actor: str, gone: int) -> list[dict[str, Any]]:
    of_order = {"order_id": order_id, "actor": actor}
    received = of_order | {"type": "order.received", "key": "received", "data": {}}
    if not gone:
        return [received]
    data = {"units": gone, "in_all": gone}
    return [received, of_order | {"type": "order.fulfilled_elsewhere", "key": f"elsewhere:{gone}", "data": data}]


def parcel_row(order_id: str, parcel: ParcelElsewhere) -> dict[str, Any]:
    """Return the parcel as one row of `parcels_elsewhere`."""
    return {
        "order_id": order_id,
        "key": parcel.key,
        "carrier": parcel.carrier,
        "waybill": parcel.waybill,
        "shipped_at": _moment(parcel.shipped_at),
        "delivered_at": _moment(parcel.delivered_at),
        "lines": parcel.lines,
        "location_id": parcel.location_id,
    }


def request_hash(order: Order) -> str:
    """Return the same hash for two texts of one order: key order, number form and zone offset do not matter.

    Empty values are left out, so that a field added later does not change the hash of orders without it.
    """
    tenders = [_tender_row(one) for one in order.tenders]
    return _hash(_order_row(order) | {"tenders": tenders}, [_line_row(line) for line in order.lines])


def _hash(row: dict[str, Any], lines: list[dict[str, Any]], parcels: Sequence[dict[str, Any]] = ()) -> str:
    ordered = [{name: line[name] for name in line if name != "elsewhere"} for line in lines]
    # What follows from the lines and the tenders is left out.
    content = row | {"lines": ordered} | ({"shipped_elsewhere": list(parcels)} if parcels else {})
    del content["units"], content["tendered_minor"]
    return sha256(_canonical_json(_without_empty(content)).encode()).hexdigest()


def _order_row(order: Order) -> dict[str, Any]:
    return {
        "channel": order.channel,
        "channel_order_id": order.channel_order_id,
        "placed_at": order.placed_at.astimezone(UTC).isoformat(),
        "customer_id": order.customer_id,
        "currency": order.currency,
        "discount_minor": order.discount.minor_units,
        "shipping_minor": order.shipping.minor_units,
        "tax_minor": order.tax.minor_units,
        "grand_total_minor": order.grand_total.minor_units,
        "payment_reference": order.payment_reference,
        "payment_method": order.payment_method,
        "shared_payment": order.shared_payment,
        "collected_minor": order.collected.minor_units if order.collected else None,
        "tendered_minor": order.tendered.minor_units,
        "country": order.ship_to.country,
        "province": order.ship_to.province,
        "receiver_token": order.ship_to.receiver_token,
        "pickup_location": order.pickup_location,
        "receiver": receiver(order.ship_to),
        "buyer_token": order.buyer.id_token if order.buyer else "",
        "buyer_last4": order.buyer.id_last4 if order.buyer else "",
        "buyer_name": order.buyer.masked_name if order.buyer else "",
        "remarks": order.remarks,
        "merchant_remarks": order.merchant_remarks,
        "tags": order.tags,
        "test": order.test,
        "language": order.language,
        "units": sum([line.quantity for line in order.lines]),
        "promised_ship_by": _moment(order.ship_by),
        "promised_deliver_by": _moment(order.deliver_by),
        "promise_id": order.promise_id or None,
    }


def _moment(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat() if at else None


def receiver(address: Address) -> dict[str, Any]:
    """Return the fields of an address that name a person."""
    return {
        "name": address.name,
        "phone": address.phone,
        "email": address.email,
        "city": address.city,
        "district": address.district,
        "postal_code": address.postal_code,
        "lines": address.lines,
    }


def _line_row(line: OrderLine) -> dict[str, Any]:
    return {
        "line_no": line.line_no,
        "sku": line.sku,
        "title": line.title,
        "quantity": line.quantity,
        "unit_price_minor": line.unit_price.minor_units,
        "discount_minor": line.discount.minor_units,
        "channel_line_id": line.channel_line_id,
        "gift": line.gift,
        "bundle_of": line.bundle_of,
        "properties": line.properties,
        "elsewhere": 0,
    }


def _tender_row(tender: Tender) -> dict[str, Any]:
    return {
        "tender_no": tender.tender_no,
        "kind": tender.kind,
        "reference": tender.reference,
        "method": tender.method,
        "amount_minor": tender.amount.minor_units,
        "due_at": _moment(tender.due_at),
        "collected": tender.collected,
    }


def _without_empty(value: Any) -> Any:
    """Remove empty texts and lists and unset flags, but keep zero amounts. Runs for every order."""
    if type(value) is dict:
        return {
            key: _without_empty(part) if type(part) in CONTAINERS else part
            for key, part in value.items()
            if part or (part == 0 and part is not False)
        }
    return [_without_empty(part) if type(part) in CONTAINERS else part for part in value]


def _json(value: object) -> str:
    return to_json(value).decode()
