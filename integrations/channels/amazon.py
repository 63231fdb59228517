"""Amazon SP-API orders v0: `{"order": getOrder, "orderItems": getOrderItems}`. Line amounts are for all units."""

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
from integrations.channels.signatures import HmacScheme
from integrations.channels.translated import Event, Financial, Kind, Shipped, Shop, ThinEvent, Translated

SHOP = Shop("amazon", country="US", currency="USD", zone="", marketplace="ATVPDKIKX0DER")
SIGNATURE = HmacScheme("X-Signature")
# United States and Canada; elsewhere Amazon's prices include the tax.
TAX_ON_TOP = {"ATVPDKIKX0DER", "A2EUQ1WTGCTBG2"}
REQUIRED_AMOUNTS = ("OrderTotal", "ItemPrice")
TAX_DISCOUNTS = ("PromotionDiscountTax", "ShippingDiscountTax")
SHIPPED = ("Shipped", "PartiallyShipped")
BY_AMAZON, BY = "AFN", "Amazon"
STATUS = {
    "Pending": PaymentStatus.PENDING,
    "PendingAvailability": PaymentStatus.PENDING,
    "Canceled": PaymentStatus.VOIDED,
}


def translate(payload: Payload, shop: Shop = SHOP) -> Translated:
    body = open_object(payload)
    order = body.object("order").unwrap("payload")
    answer = body.object("orderItems").unwrap("payload")
    if answer.has("NextToken"):
        raise answer.wrong("NextToken", "says that lines are missing: fetch them all first")
    currency = order.object("OrderTotal").need_currency("CurrencyCode")
    placed_at = order.need_time("PurchaseDate")
    modified_at = order.time("LastUpdateDate") or placed_at
    items = [item for item in answer.objects("OrderItems") if _is_ordered(item)]
    lines = [_line(number, item, currency) for number, item in enumerate(items, 1)]
    taxes = total((_tax(item, currency) for item in items), currency)
    on_top = (order.text("MarketplaceId") or shop.marketplace) in TAX_ON_TOP
    none = Money(0, currency)
    financial = _financial(order, none if on_top else taxes)
    address = _address(order, shop)
    return Translated(
        order=Order(
            channel=shop.channel,
            channel_order_id=shaping.reference(order, "AmazonOrderId"),
            placed_at=placed_at,
            customer_id=shaping.customer_id(shop, "", address.email, order.text("AmazonOrderId")),
            ship_to=address,
            lines=shaping.checked_lines(answer, "OrderItems", lines),
            # Gift wrap and the cash-on-delivery fee count as negative discounts.
            discount=none - total((_fees(item, currency) for item in items), currency),
            shipping=shaping.not_below_zero(
                answer, "OrderItems", total((_shipping(i, currency) for i in items), currency)
            ),
            tax=shaping.not_below_zero(answer, "OrderItems", taxes) if on_top else none,
            grand_total=_amount(order, "OrderTotal", currency),
            payment_reference=shaping.channel_payment_reference(shop, shaping.reference(order, "AmazonOrderId")),
            payment_method=order.text("PaymentMethod", 40, cut=True),
            remarks=_gift_messages(items),
            tags=("prime",) if order.flag("IsPrime") else (),
            ship_by=order.time("LatestShipDate"),
            deliver_by=order.time("LatestDeliveryDate"),
        ),
        financial=financial,
        kind=shaping.kind_of(financial, placed_at, modified_at),
        modified_at=modified_at,
        warnings=tuple(order.warnings),
        masked=not address.name or shaping.masked(address),
        elsewhere=_shipped(order, items, lines, modified_at),
    )


def events(headers: Mapping[str, str], payload: Payload) -> tuple[Event, ...]:
    """An ORDER_CHANGE notification names the order; other notifications give no event."""
    body = open_object(payload)
    if body.has("order"):
        return (Kind.UPDATED,)
    if body.text("NotificationType") != "ORDER_CHANGE":
        return ()
    change = body.object("Payload").object("OrderChangeNotification")
    canceled = change.object("Summary").text("OrderStatus") == "Canceled"
    event_id = body.object("NotificationMetadata").text("NotificationId")
    return (
        ThinEvent(shaping.reference(change, "AmazonOrderId"), Kind.CANCELED if canceled else Kind.UPDATED, event_id),
    )


def upload_shipment(shipped: Shipped, shop: Shop = SHOP) -> dict[str, Any]:
    """The body of confirmShipment; Amazon needs every line with its quantity."""
    return {
        "marketplaceId": shop.marketplace,
        "packageDetail": {
            "packageReferenceId": str(shipped.parcel_no),
            "carrierCode": shop.carrier(shipped.carrier),
            "trackingNumber": shipped.waybill,
            "shipDate": shipped.shipped_at.isoformat(),
            "orderItems": [{"orderItemId": line.channel_line_id, "quantity": line.quantity} for line in shipped.lines],
        },
    }


def _gift_messages(items: list[Reader]) -> str:
    messages = dict.fromkeys(item.object("BuyerInfo").prose("GiftMessageText") for item in items)
    text = "\n".join(message for message in messages if message)
    if len(text) > 2_000:
        raise items[0].wrong("BuyerInfo.GiftMessageText", "is with the others longer than 2000 characters")
    return text


def _is_ordered(item: Reader) -> bool:
    """False for a canceled line, which Amazon keeps with quantity 0."""
    if item.has("QuantityOrdered") and item.whole("QuantityOrdered") == 0:
        item.warn("QuantityOrdered", "is 0: a canceled line, left out")
        return False
    return True


def _line(number: int, item: Reader, currency: str) -> OrderLine:
    quantity = item.need_quantity("QuantityOrdered")
    before = _amount(item, "ItemPrice", currency)
    price = shaping.unit_price(item, "ItemPrice", before, quantity)
    gift = item.object("BuyerInfo")
    wrap = (("gift_wrap", gift.text("GiftWrapLevel", 100)),) if gift.has("GiftWrapLevel") else ()
    return OrderLine(
        line_no=number,
        sku=shaping.sku(item, "SellerSKU", theirs="ASIN"),
        quantity=quantity,
        unit_price=price,
        discount=price * quantity - before + _amount(item, "PromotionDiscount", currency),
        title=item.text("Title", 300, cut=True),
        channel_line_id=shaping.reference(item, "OrderItemId"),
        gift=before.minor_units == 0,
        properties=wrap,
    )


def _amount(reader: Reader, name: str, currency: str) -> Money:
    money = reader.object(name)
    if money.has("CurrencyCode") and money.text("CurrencyCode") != currency:
        raise money.wrong("CurrencyCode", "is not the order's currency")
    return (
        money.need_money("Amount", currency) if name in ("OrderTotal", "ItemPrice") else money.money("Amount", currency)
    )


def _shipping(item: Reader, currency: str) -> Money:
    net = _amount(item, "ShippingPrice", currency) - _amount(item, "ShippingDiscount", currency)
    return shaping.not_below_zero(item, "ShippingDiscount", net)


def _fees(item: Reader, currency: str) -> Money:
    return _amount(item.object("BuyerInfo"), "GiftWrapPrice", currency) + _amount(item, "CODFee", currency)


def _tax(item: Reader, currency: str) -> Money:
    wrap = _amount(item.object("BuyerInfo"), "GiftWrapTax", currency)
    charged = total((_amount(item, name, currency) for name in ("ItemTax", "ShippingTax")), currency)
    return charged + wrap - total((_amount(item, name, currency) for name in TAX_DISCOUNTS), currency)


def _financial(order: Reader, tax_included: Money) -> Financial:
    status = order.need_text("OrderStatus")
    return Financial(
        status=STATUS.get(status, PaymentStatus.PAID),
        refunded=Money(0, tax_included.currency),
        tax_included=tax_included,
        canceled=status == "Canceled",
        cash_on_delivery=order.text("PaymentMethod") == "COD",
    )


def _shipped(
    order: Reader, items: list[Reader], lines: list[OrderLine], modified_at: datetime
) -> tuple[ParcelElsewhere, ...]:
    """Orders that Amazon fulfills itself are never ours to ship, shipped or not. Of the others the items say how many
    units were shipped; the Orders API has no waybills.

    Source: developer-docs.amazon.com/sp-api, Orders API v0 (OrderStatus, FulfillmentChannel, QuantityShipped).
    """
    status = order.text("OrderStatus")
    if status == "Canceled":
        return ()
    left = modified_at if status in SHIPPED else None
    units = [(item.text("OrderItemId"), item.whole("QuantityShipped")) for item in items]
    if order.text("FulfillmentChannel") == BY_AMAZON:
        if status != "PartiallyShipped":
            return shipped.whole(left, None, BY, key=BY_AMAZON)
        begun = shipped.parcel(lines, units, left, None, BY, key=f"{BY_AMAZON}-begun")
        return (*begun, *shipped.whole(None, None, BY, key=BY_AMAZON))
    if left is None:
        return ()
    if status == "Shipped" and not any(item.has("QuantityShipped") for item in items):
        return shipped.whole(left)
    return shipped.parcel(lines, units, left)


def _address(order: Reader, shop: Shop) -> Address:
    """Without a restricted data token Amazon sends the city but no name."""
    to = order.object("ShippingAddress")
    land = shaping.country(to, "CountryCode", shop.country)
    return Address(
        country=land,
        name=to.text("Name"),
        phone=shaping.phone(to, "Phone", land),
        email=shaping.email(order.object("BuyerInfo"), "BuyerEmail"),
        province=to.text("StateOrRegion"),
        city=to.text("City"),
        district=to.text("District"),
        postal_code=to.text("PostalCode", 20),
        lines=to.texts("AddressLine1", "AddressLine2", "AddressLine3"),
    )
