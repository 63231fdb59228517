"""Baton's own order format, as POST /orders takes it, alone or as `data` of an event; unknown fields are refused."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from domain.elsewhere import ParcelElsewhere
from domain.money import Money
from domain.order import Address, Order, OrderLine
from domain.pickup import PICKUP
from domain.status import PaymentStatus
from integrations.channels import shaping, shipped, tendered
from integrations.channels.reading import Payload, Reader, Unreadable, open_object
from integrations.channels.signatures import StandardWebhooks, header
from integrations.channels.translated import Event, Financial, Kind, Shipped, Shop, ThinEvent, Translated

SHOP = Shop("plain", zone="")
SIGNATURE = StandardWebhooks()
OPEN = ("plain", "file")
TYPES = {f"order.{kind.value}": kind for kind in Kind} | {"order.created": Kind.CREATE}
ORDER = (
    *("channel", "channel_order_id", "placed_at", "currency", "customer", "ship_to", "lines", "totals", "payment"),
    *("remarks", "merchant_remarks", "tags", "test", "modified_at", "paid", "canceled"),
    *("promised", "delivery", "shipped_elsewhere", "paid_at", "refunded", "tenders"),
)
ADDRESS = (
    *("country", "name", "phone", "email", "province", "city", "district", "postal_code", "lines", "receiver_token"),
)
LINE = (
    *("sku", "quantity", "unit_price", "discount", "title"),
    *("channel_line_id", "gift", "bundle_of", "properties", "refunded_quantity"),
)
PARCEL = ("carrier", "waybill", "shipped_at", "delivered_at", "lines")
MAX_PARCELS = 200
TOTALS = ("discount", "shipping", "tax", "grand_total")


def split(payload: Any) -> list[Any]:
    """Split a JSON array, one order, or NDJSON with one order on each line."""
    text = payload.decode("utf-8-sig", "replace") if isinstance(payload, bytes) else payload
    if isinstance(text, str) and "\n" in text.strip():
        try:
            return shaping.split(text)
        except Unreadable:
            return [line for line in text.removeprefix("\ufeff").split("\n") if line.strip()]
    return shaping.split(payload)


def translate(payload: Payload, shop: Shop = SHOP) -> Translated:
    body = open_object(payload)
    order = (body.object("data") if body.has("data") else body).allow_only(*ORDER)
    channel = _channel(order, shop)
    currency = order.need_currency("currency")
    placed_at = order.need_time("placed_at", shop.zone)
    modified_at = order.time("modified_at", shop.zone) or placed_at
    totals = order.object("totals").allow_only(*TOTALS)
    payment = order.object("payment").allow_only("reference", "method", "collected", "shared")
    lines = [_line(number, line, currency) for number, line in enumerate(order.objects("lines"), 1)]
    none = Money(0, currency)
    total, reference = totals.need_money("grand_total", currency), shaping.payment_reference(payment, "reference")
    financial = _financial(order, payment, none, shop)
    address = _address(order.object("ship_to").allow_only(*ADDRESS), shop)
    customer = order.object("customer").allow_only("customer_id", "language")
    promised = order.object("promised").allow_only("ship_by", "deliver_by")
    return Translated(
        order=Order(
            channel=channel,
            channel_order_id=shaping.reference(order, "channel_order_id"),
            placed_at=placed_at,
            customer_id=shaping.customer_id(shop, customer.need_text("customer_id", 254), address.phone),
            ship_to=address,
            lines=shaping.checked_lines(order, "lines", lines),
            discount=totals.money("discount", currency),
            shipping=totals.money("shipping", currency),
            tax=totals.money("tax", currency),
            grand_total=total,
            payment_reference=reference,
            payment_method=payment.text("method", 40),
            shared_payment=payment.flag("shared"),
            remarks=order.prose("remarks"),
            merchant_remarks=order.prose("merchant_remarks"),
            tags=shaping.tags(order, "tags", order.list_of_texts("tags")),
            tenders=tendered.checked(
                order, "tenders", tendered.read_tenders(order, "tenders", currency, shop.zone), total, reference
            ),
            language=shaping.language(customer, "language"),
            ship_by=promised.time("ship_by", shop.zone),
            deliver_by=promised.time("deliver_by", shop.zone),
            pickup_location=_pickup(order.object("delivery").allow_only("method", "location_id")),
        ),
        financial=financial,
        kind=shaping.kind_of(financial, placed_at, modified_at),
        modified_at=modified_at,
        warnings=tuple(order.warnings),
        masked=shaping.masked(address),
        test=order.flag("test"),
        elsewhere=_shipped(order, lines, modified_at, shop),
    )


def events(headers: Mapping[str, str], payload: Payload) -> tuple[Event, ...]:
    """Read the event's `type`; without `lines` in `data` it is a thin event. A payload without `type` is an order."""
    body = open_object(payload)
    if not body.has("type"):
        return (Kind.UPDATED,)
    kind = TYPES.get(body.text("type"))
    if kind is None:
        return ()
    data = body.object("data")
    if data.has("lines"):
        return (kind,)
    return (ThinEvent(shaping.reference(data, "channel_order_id"), kind, header(headers, "webhook-id")),)


def upload_shipment(shipped: Shipped, shop: Shop = SHOP) -> dict[str, Any]:
    return {
        "channel_order_id": shipped.order_ref,
        "carrier": shop.carrier(shipped.carrier),
        "waybill": shipped.waybill,
        "shipped_at": shipped.shipped_at.isoformat(),
        "lines": [{"channel_line_id": line.channel_line_id, "quantity": line.quantity} for line in shipped.lines],
    }


def _channel(order: Reader, shop: Shop) -> str:
    """The account's channel, which the body may repeat; accounts in OPEN let the body choose."""
    named = order.text("channel", 40) or shop.channel
    if not shaping.CHANNEL.fullmatch(named) or (named != shop.channel and shop.channel not in OPEN):
        raise order.wrong("channel", "is not the channel of this account")
    return named


def _financial(order: Reader, payment: Reader, none: Money, shop: Shop) -> Financial:
    """What the channel says of its money: where it collects that itself, and for past orders, it is what counts."""
    back = [line for line in order.objects("lines") if line.whole("refunded_quantity")]
    paid_at = order.time("paid_at", shop.zone)
    part = payment.money("collected", none.currency) if payment.has("collected") else None
    unpaid = PaymentStatus.PENDING if part is None else PaymentStatus.PARTIALLY_PAID
    return Financial(
        PaymentStatus.PAID if order.flag("paid") or paid_at else unpaid,
        refunded=order.money("refunded", none.currency),
        tax_included=none,
        paid_at=paid_at,
        refunded_units=tuple((line.need_text("channel_line_id"), line.whole("refunded_quantity")) for line in back),
        canceled=order.flag("canceled"),
        part=part,
    )


def _shipped(order: Reader, lines: list[OrderLine], modified_at: datetime, shop: Shop) -> tuple[ParcelElsewhere, ...]:
    """Parcels that were not shipped by us. One without lines holds what no other does; a line is named by its number
    from 1 or by its `channel_line_id`."""
    parcels = order.objects("shipped_elsewhere")
    if len(parcels) > MAX_PARCELS:
        raise order.wrong("shipped_elsewhere", f"are more than {MAX_PARCELS} parcels")
    found = list[ParcelElsewhere]()
    for number, one in enumerate(parcels, 1):
        one.allow_only(*PARCEL)
        times = one.time("shipped_at", shop.zone) or modified_at, one.time("delivered_at", shop.zone)
        carrier, waybill = shipped.carrier(one, "carrier"), shipped.waybill(one, "waybill")
        held = tuple(_line_in_parcel(line, lines) for line in one.objects("lines"))
        found.append(ParcelElsewhere(waybill or f"parcel-{number}", carrier, waybill, *times, held))
    return tuple(found)


def _line_in_parcel(line: Reader, lines: list[OrderLine]) -> tuple[int, int]:
    line.allow_only("line_no", "channel_line_id", "quantity")
    number, name = line.whole("line_no"), line.text("channel_line_id", 100)
    for one in lines:
        if one.line_no == number or (name and one.channel_line_id == name):
            return one.line_no, line.need_quantity("quantity")
    raise line.wrong("line_no", "is no line of the order")


def _pickup(delivery: Reader) -> str:
    """The store where the customer picks the order up, empty if it is shipped."""
    method, location = delivery.text("method", 20) or "ship", delivery.text("location_id", 60)
    if method not in ("ship", PICKUP):
        raise delivery.wrong("method", "is neither ship nor pickup")
    if (method == PICKUP) != bool(location):
        raise delivery.wrong("location_id", "is there for a pickup and for nothing else")
    return location


def _line(number: int, line: Reader, currency: str) -> OrderLine:
    line.allow_only(*LINE)
    quantity, price = line.need_quantity("quantity"), line.need_money("unit_price", currency)
    shaping.line_cost(line, "unit_price", price, quantity)
    return OrderLine(
        line_no=number,
        sku=shaping.sku(line, "sku"),
        quantity=quantity,
        unit_price=price,
        discount=line.money("discount", currency),
        title=line.text("title", 300),
        channel_line_id=line.text("channel_line_id", 100),
        gift=line.flag("gift"),
        bundle_of=line.text("bundle_of", 64),
        properties=shaping.object_properties(line.object("properties")),
    )


def _address(to: Reader, shop: Shop) -> Address:
    land = shaping.country(to, "country", shop.country)
    if len(lines := to.list_of_texts("lines")) > 6:
        raise to.wrong("lines", "are more than 6")
    return Address(
        country=land,
        name=to.text("name"),
        phone=shaping.phone(to, "phone", land),
        email=shaping.email(to, "email"),
        province=to.text("province"),
        city=to.text("city"),
        district=to.text("district"),
        postal_code=to.text("postal_code", 20),
        lines=lines,
        receiver_token=to.text("receiver_token", 500),
    )
