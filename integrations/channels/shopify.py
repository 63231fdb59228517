"""Shopify: the order of the Admin REST API (2025), which its webhooks carry too. Amounts are decimal strings."""

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
from integrations.channels.translated import PAID, Event, Financial, Kind, Shipped, Shop, ThinEvent, Translated

GATEWAYS = "payment_gateway_names"
SHOP = Shop("shopify", country="US", currency="USD", zone="")
SIGNATURE = HmacScheme("X-Shopify-Hmac-Sha256", encoding="base64")
TOPICS = {
    "orders/create": Kind.CREATE,
    "orders/paid": Kind.PAID,
    "orders/updated": Kind.UPDATED,
    "orders/partially_fulfilled": Kind.UPDATED,
    "orders/fulfilled": Kind.UPDATED,
    "orders/cancelled": Kind.CANCELED,
}
THIN_TOPICS = {
    "orders/edited": ("order_edit", "order_id", Kind.UPDATED),
    "orders/delete": ("", "id", Kind.CANCELED),
    "refunds/create": ("", "order_id", Kind.UPDATED),
    "returns/request": ("order", "id", Kind.REFUND_ASKED),
}
STATUS = {
    "pending": PaymentStatus.PENDING,
    "unpaid": PaymentStatus.PENDING,
    "expired": PaymentStatus.VOIDED,
    **{status.value: status for status in PaymentStatus},
}


def translate(payload: Payload, shop: Shop = SHOP) -> Translated:
    order = open_object(payload).unwrap("order")
    currency = order.need_currency("currency")
    placed_at = order.need_time("created_at")
    modified_at = order.time("updated_at") or placed_at
    whole_order = _discounts_of_the_whole_order(order)
    lines = [_line(order, n, item, currency, whole_order) for n, item in enumerate(order.objects("line_items"), 1)]
    included = order.flag("taxes_included")
    tax = order.money("total_tax", currency)
    shipping = [_shipping(line, currency) for line in order.objects("shipping_lines")]
    extra = order.money("total_tip_received", currency) + _shop_money(
        order, "original_total_additional_fees_set", currency
    )
    duties = _shop_money(order, "original_total_duties_set", currency)
    financial = _financial(order, currency, tax if included else Money(0, currency))
    address = _address(order, shop)
    customer = order.object("customer")
    return Translated(
        order=Order(
            channel=shop.channel,
            channel_order_id=shaping.reference(order, "id"),
            placed_at=placed_at,
            customer_id=shaping.customer_id(
                shop, customer.text("id"), order.text("email"), order.text("phone"), order.text("id")
            ),
            ship_to=address,
            lines=shaping.checked_lines(order, "line_items", lines),
            # An order has no field for tips and fees: they count as negative discounts.
            discount=_order_discount(order, currency, whole_order) - extra,
            shipping=total(shipping, currency),
            tax=duties if included else tax + duties,
            grand_total=order.need_money("total_price", currency),
            payment_reference=shaping.payment_reference(order, "checkout_token"),
            payment_method=", ".join(order.list_of_texts(GATEWAYS))[:40].rstrip(),
            remarks=order.prose("note"),
            tags=shaping.tags(order, "tags", order.text("tags", 20_000).split(",")),
            language=shaping.language(order, "customer_locale"),
        ),
        financial=financial,
        kind=shaping.kind_of(financial, placed_at, modified_at),
        modified_at=modified_at,
        warnings=tuple(order.warnings),
        masked=shaping.masked(address),
        test=order.flag("test"),
        elsewhere=_shipped(order, lines, modified_at),
    )


def events(headers: Mapping[str, str], payload: Payload) -> tuple[Event, ...]:
    """Read the topic in the header. Topics about anything but an order give no event."""
    topic = header(headers, "X-Shopify-Topic")
    if topic in TOPICS:
        return (TOPICS[topic],)
    if topic not in THIN_TOPICS:
        return ()
    wrapper, name, kind = THIN_TOPICS[topic]
    body = open_object(payload)
    where = body.object(wrapper) if wrapper else body
    return (ThinEvent(shaping.reference(where, name), kind, header(headers, "X-Shopify-Event-Id")),)


def upload_shipment(shipped: Shipped, shop: Shop = SHOP) -> dict[str, Any]:
    """The body for POST /fulfillments.json; `order_ref` and the lines are those of Shopify's fulfillment order."""
    whole: dict[str, Any] = {"fulfillment_order_id": int(shipped.order_ref)}
    items = [{"id": int(line.channel_line_id), "quantity": line.quantity} for line in shipped.lines]
    return {
        "fulfillment": {
            "line_items_by_fulfillment_order": [whole | ({"fulfillment_order_line_items": items} if items else {})],
            "tracking_info": {"company": shop.carrier(shipped.carrier), "number": shipped.waybill},
            # Baton notifies the customer itself.
            "notify_customer": False,
        }
    }


def split(payload: Any) -> list[Any]:
    return shaping.split(payload, "orders")


def _line(order: Reader, number: int, item: Reader, currency: str, whole_order: set[int]) -> OrderLine:
    quantity, price = item.need_quantity("quantity"), item.need_money("price", currency)
    shaping.line_cost(item, "price", price, quantity)
    discount = total((a for i, a in _allocations(item, currency) if i not in whole_order), currency)
    if not item.has("discount_allocations"):
        discount = item.money("total_discount", currency)
    variant = item.text("variant_title", 300)
    return OrderLine(
        line_no=number,
        sku=shaping.sku(item, "sku", theirs="variant_id"),
        quantity=quantity,
        unit_price=price,
        discount=discount,
        title=item.text("title", 300, cut=True),
        channel_line_id=item.text("id"),
        gift=price.minor_units == 0 or discount == price * quantity,
        bundle_of=_bundle(order, item),
        properties=shaping.properties(item.objects("properties"), "name", "value")
        + ((("variant", variant),) if variant else ()),
    )


def _bundle(order: Reader, item: Reader) -> str:
    group = item.text("sales_line_item_group_id")
    groups = order.objects("line_item_groups") if group else []
    return next((one.text("variant_sku", 64) or one.text("title", 64) for one in groups if one.text("id") == group), "")


def _discounts_of_the_whole_order(order: Reader) -> set[int]:
    applications = enumerate(order.objects("discount_applications"))
    return {i for i, one in applications if one.text("target_selection") == "all"}


def _allocations(item: Reader, currency: str) -> list[tuple[int, Money]]:
    return [
        (one.whole("discount_application_index"), one.money("amount", currency))
        for one in item.objects("discount_allocations")
    ]


def _order_discount(order: Reader, currency: str, whole_order: set[int]) -> Money:
    """The order's own discount, which Shopify has allocated to its lines, as one amount again."""
    items = order.objects("line_items")
    return total((a for item in items for i, a in _allocations(item, currency) if i in whole_order), currency)


def _shipping(line: Reader, currency: str) -> Money:
    off = total((amount for _, amount in _allocations(line, currency)), currency)
    return shaping.not_below_zero(line, "price", line.money("price", currency) - off)


def _shop_money(order: Reader, name: str, currency: str) -> Money:
    return order.object(name).object("shop_money").money("amount", currency)


def _financial(order: Reader, currency: str, tax_included: Money) -> Financial:
    refunds = order.objects("refunds")
    paid_back = [
        one.money("amount", currency)
        for refund in refunds
        for one in refund.objects("transactions")
        if one.text("kind") == "refund" and one.text("status") == "success"
    ]
    units = [
        (line.text("line_item_id"), line.whole("quantity"))
        for refund in refunds
        for line in refund.objects("refund_line_items")
    ]
    status = order.text("financial_status") or "pending"
    if status not in STATUS:
        raise order.wrong("financial_status", "is not a known status")
    return Financial(
        status=STATUS[status],
        refunded=total(paid_back, currency),
        tax_included=tax_included,
        paid_at=order.time("processed_at") if STATUS[status] in PAID else None,
        refunded_units=tuple(units),
        canceled=order.time("cancelled_at") is not None,
        # A manual gateway has no code, only the name that the shop gave it.
        cash_on_delivery=any("cash on delivery" in name.casefold() for name in order.list_of_texts(GATEWAYS)),
    )


def _shipped(order: Reader, lines: list[OrderLine], modified_at: datetime) -> tuple[ParcelElsewhere, ...]:
    """Successful fulfillments, each with one tracking number; ours are among them.

    Source: shopify.dev, REST Admin API 2025-01, Fulfillment and Order.fulfillment_status.
    """
    found = list[ParcelElsewhere]()
    for one in order.objects("fulfillments"):
        if one.text("status") not in ("", "success"):
            continue
        delivered = one.time("updated_at") if one.text("shipment_status") == "delivered" else None
        about = (
            *(one.time("created_at") or modified_at, delivered, shipped.carrier(one, "tracking_company")),
            *(shipped.waybill(one, "tracking_number"), one.text("id")),
        )
        items = [(item.text("id"), item.whole("quantity")) for item in one.objects("line_items")]
        found += shipped.parcel(lines, items, *about) if items else shipped.whole(*about)
    if not found and order.text("fulfillment_status") == "fulfilled":
        found += shipped.whole(modified_at)
    return tuple(found)


def _address(order: Reader, shop: Shop) -> Address:
    if not order.has("shipping_address"):
        order.warn("shipping_address", "is missing: a pickup or nothing to ship")
    to = order.object("shipping_address")
    land = shaping.country(to, "country_code", shop.country)
    return Address(
        country=land,
        name=to.text("name") or f"{to.text('first_name')} {to.text('last_name')}".strip(),
        phone=shaping.phone(to, "phone", land) or shaping.phone(order, "phone", land),
        email=shaping.email(order, "email"),
        province=to.text("province"),
        city=to.text("city"),
        postal_code=to.text("zip", 20),
        lines=to.texts("company", "address1", "address2"),
    )
