"""WooCommerce: the order of its REST API v3, which its webhooks carry too. Line totals never include tax."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from domain.elsewhere import ParcelElsewhere
from domain.money import Money
from domain.order import Address, Order, OrderLine
from domain.status import PaymentStatus
from integrations.channels import shaping, shipped
from integrations.channels.reading import Payload, Reader, open_object
from integrations.channels.shaping import total
from integrations.channels.signatures import HmacScheme, header
from integrations.channels.translated import Event, Financial, Kind, Shipped, Shop, ThinEvent, Translated

SHOP = Shop("woocommerce", country="US", currency="USD", zone="UTC")
SIGNATURE = HmacScheme("X-WC-Webhook-Signature", encoding="base64")
TOPICS = {"order.created": Kind.CREATE, "order.updated": Kind.UPDATED, "order.restored": Kind.UPDATED}
CANCELED = {"cancelled", "failed", "trash"}
TRACKING = "_wc_shipment_tracking_items"
STATUS = {"refunded": PaymentStatus.REFUNDED, "failed": PaymentStatus.FAILED}


def translate(payload: Payload, shop: Shop = SHOP) -> Translated:
    order = open_object(payload)
    currency = order.need_currency("currency")
    placed_at = order.need_time("date_created_gmt", "UTC")
    modified_at = order.time("date_modified_gmt", "UTC") or placed_at
    items = order.objects("line_items")
    skus = {item.text("id"): item.text("sku", 64) for item in items}
    lines = [_line(number, item, currency, skus) for number, item in enumerate(items, 1)]
    fees = total((fee.money("total", currency, signed=True) for fee in order.objects("fee_lines")), currency)
    financial = _financial(order, currency)
    address = _address(order, shop)
    known = order.text("customer_id")
    return Translated(
        order=Order(
            channel=shop.channel,
            channel_order_id=shaping.reference(order, "id"),
            placed_at=placed_at,
            customer_id=shaping.customer_id(
                shop, known if known != "0" else "", address.email, address.phone, order.text("id")
            ),
            ship_to=address,
            lines=shaping.checked_lines(order, "line_items", lines),
            # Line totals include the coupons. A fee counts as a negative discount.
            discount=Money(0, currency) - fees,
            shipping=order.money("shipping_total", currency),
            tax=order.money("total_tax", currency),
            grand_total=order.need_money("total", currency),
            payment_reference=shaping.payment_reference(order, "transaction_id"),
            payment_method=order.text("payment_method", 40, cut=True),
            remarks=order.prose("customer_note"),
        ),
        financial=financial,
        kind=shaping.kind_of(financial, placed_at, modified_at),
        modified_at=modified_at,
        warnings=tuple(order.warnings),
        masked=shaping.masked(address),
        elsewhere=_shipped(order, modified_at),
    )


def events(headers: Mapping[str, str], payload: Payload) -> tuple[Event, ...]:
    """Read the topic in the header. The ping that WooCommerce sends when a webhook is created gives no event."""
    topic = header(headers, "X-WC-Webhook-Topic")
    if topic == "order.deleted":
        order_id = shaping.reference(open_object(payload), "id")
        return (ThinEvent(order_id, Kind.CANCELED, header(headers, "X-WC-Webhook-Delivery-ID")),)
    return (TOPICS[topic],) if topic in TOPICS else ()


def upload_shipment(shipped: Shipped, shop: Shop = SHOP) -> dict[str, Any]:
    """The body for POST /orders/{id}/shipment-trackings of the Shipment Tracking extension; the core has no parcels."""
    return {
        "tracking_provider": shop.carrier(shipped.carrier),
        "tracking_number": shipped.waybill,
        "date_shipped": shipped.shipped_at.date().isoformat(),
        "status_shipped": 1,
    }


def _line(number: int, item: Reader, currency: str, skus: Mapping[str, str]) -> OrderLine:
    quantity = item.need_quantity("quantity")
    before, after = item.need_money("subtotal", currency), item.need_money("total", currency)
    price = shaping.unit_price(item, "subtotal", before, quantity)
    return OrderLine(
        line_no=number,
        sku=shaping.sku(item, "sku", theirs="product_id"),
        quantity=quantity,
        unit_price=price,
        discount=price * quantity - after,
        title=item.text("name", 300, cut=True),
        channel_line_id=item.text("id"),
        gift=after.minor_units == 0,
        bundle_of=skus.get(item.text("bundled_by"), ""),
        properties=shaping.properties(item.objects("meta_data"), "key", "value"),
    )


def _financial(order: Reader, currency: str) -> Financial:
    status = order.need_text("status")
    paid_at = order.time("date_paid_gmt", "UTC")
    refunds = (Money(0, currency) - refund.money("total", currency, signed=True) for refund in order.objects("refunds"))
    refunded = total(refunds, currency)
    paid = PaymentStatus.PAID if paid_at else PaymentStatus.PENDING
    if refunded.minor_units > 0:
        paid = PaymentStatus.PARTIALLY_REFUNDED
    return Financial(
        status=STATUS.get(status, paid),
        refunded=refunded,
        tax_included=Money(0, currency),
        paid_at=paid_at,
        canceled=status in CANCELED,
        cash_on_delivery=order.text("payment_method") == "cod",
    )


def _shipped(order: Reader, modified_at: datetime) -> tuple[ParcelElsewhere, ...]:
    """A completed order has been shipped as a whole; only the Shipment Tracking extension knows waybills.

    Source: woocommerce.github.io/woocommerce-rest-api-docs (order status, date_completed_gmt), and the extension's
    `_wc_shipment_tracking_items`.
    """
    if order.text("status") != "completed":
        return ()
    at = order.time("date_completed_gmt", "UTC") or modified_at
    named = [
        (shipped.carrier(one, "tracking_provider", "custom_tracking_provider"), shipped.waybill(one, "tracking_number"))
        for meta in order.objects("meta_data")
        if meta.text("key") == TRACKING and isinstance(meta.node.get("value"), list)
        for one in meta.objects("value")
    ]
    return shipped.wholes(named, at)


def _address(order: Reader, shop: Shop) -> Address:
    billing, to = order.object("billing"), order.object("shipping")
    if not (to.text("address_1") or to.text("city")):
        # A shop that asks for one address only leaves `shipping` empty.
        order.warn("shipping", "is empty, billing stands for it")
        to = billing
    land = shaping.country(to, "country", shop.country)
    return Address(
        country=land,
        name=f"{to.text('first_name')} {to.text('last_name')}".strip(),
        phone=shaping.phone(to, "phone", land) or shaping.phone(billing, "phone", land),
        email=shaping.email(billing, "email"),
        province=to.text("state"),
        city=to.text("city"),
        postal_code=to.text("postcode", 20),
        lines=to.texts("company", "address_1", "address_2"),
    )
