"""Douyin shop: `order.orderDetail`. Amounts are whole fen, times unix seconds, receivers masked with a token."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import count
from typing import Any

from domain.elsewhere import ParcelElsewhere
from domain.money import Money
from domain.order import Address, Order, OrderLine
from domain.status import PaymentStatus
from integrations.channels import shaping, shipped
from integrations.channels.reading import Payload, Reader, open_json, open_object
from integrations.channels.shaping import total
from integrations.channels.signatures import AppSignature
from integrations.channels.translated import Event, Financial, Kind, Shipped, Shop, ThinEvent, Translated

SHOP = Shop("douyin")
SIGNATURE = AppSignature("event-sign")
ANSWER = '{"code":0,"msg":"success"}'
"""What Douyin wants to hear, also to its probe; anything else and it sends again."""
CNY = "CNY"
TAGS = {
    "100": Kind.CREATE,
    "101": Kind.PAID,
    "105": Kind.ADDRESS_CHANGED,
    "106": Kind.CANCELED,
    "200": Kind.REFUND_ASKED,
}
CANCELED = {4, 21}
STATUS = {1: PaymentStatus.PENDING, 103: PaymentStatus.PARTIALLY_PAID} | dict.fromkeys(
    (21, 22, 39), PaymentStatus.REFUNDED
)
SHIPPED, PARTLY_SHIPPED, FINISHED = 3, 101, 5
REFUND_OPEN, REFUND_DONE = {6, 7, 11}, 12


def split(payload: Any) -> list[Any]:
    return shaping.split(payload, "data", "shop_order_list")


def translate(payload: Payload, shop: Shop = SHOP) -> Translated:
    order = open_object(payload).unwrap("data", "shop_order_detail")
    placed_at = order.need_seconds("create_time")
    modified_at = order.seconds("update_time") or placed_at
    items = order.objects("sku_order_list")
    numbers = count(1)
    lines = [line for item in items for line in _lines(item, numbers)]
    on_lines = total((_promotion(item) for item in items), CNY)
    fees = order.minor("packing_charge_amount", CNY) + order.minor("post_insurance_amount", CNY)
    financial = _financial(order, items)
    address = _address(order)
    return Translated(
        order=Order(
            channel=shop.channel,
            channel_order_id=shaping.reference(order, "order_id"),
            placed_at=placed_at,
            customer_id=shaping.customer_id(
                shop, order.text("doudian_open_id"), address.receiver_token, order.text("order_id")
            ),
            ship_to=address,
            lines=shaping.checked_lines(order, "sku_order_list", lines),
            # The part of the promotions that is not on lines; fees count as negative discounts.
            discount=order.minor("promotion_amount", CNY) - on_lines - fees,
            shipping=order.minor("post_amount", CNY),
            tax=order.minor("tax_amount", CNY),
            grand_total=order.need_minor("pay_amount", CNY),
            payment_reference=shaping.payment_reference(order, "channel_payment_no"),
            payment_method=order.text("pay_type", 40),
            remarks=order.prose("buyer_words"),
            merchant_remarks=order.prose("seller_words"),
            ship_by=order.seconds("exp_ship_time"),
        ),
        financial=financial,
        kind=shaping.kind_of(financial, placed_at, modified_at),
        modified_at=modified_at,
        warnings=tuple(order.warnings),
        masked=shaping.masked(address),
        elsewhere=_shipped(order, items, lines, modified_at),
    )


def events(headers: Mapping[str, str], payload: Payload) -> tuple[Event, ...]:
    """Douyin pushes several messages at once, each with a tag and its data as a JSON string; tag 0 is its probe."""
    messages = open_json(payload)
    if not isinstance(messages, list):
        return (Kind.UPDATED,)
    return tuple(_thin(one) for one in Reader({"$": messages}).objects("$") if one.text("tag") not in ("", "0"))


def upload_shipment(shipped: Shipped, shop: Shop = SHOP) -> dict[str, Any]:
    """The parameters of order.logisticsAdd, or with lines those of order.logisticsAddMultiPack."""
    lines = [{"shipped_order_id": line.channel_line_id, "shipped_num": line.quantity} for line in shipped.lines]
    pack = {"logistics_code": shipped.waybill, "company_code": shop.carrier(shipped.carrier)}
    if not lines:
        return {"order_id": shipped.order_ref} | pack
    return {"order_id": shipped.order_ref, "pack_list": [pack | {"shipped_order_info": lines}]}


def _thin(message: Reader) -> ThinEvent:
    data = message.embedded_object("data")
    return ThinEvent(
        shaping.reference(data, "p_id", "order_id"), TAGS.get(message.text("tag"), Kind.UPDATED), message.text("msg_id")
    )


def _promotion(item: Reader) -> Money:
    return item.minor("promotion_amount", CNY)


def _lines(item: Reader, numbers: Iterator[int]) -> Iterator[OrderLine]:
    """One line, or the parts of a bundle with its amounts split among them without losing a fen."""
    quantity, price = item.need_quantity("item_num"), item.need_minor("origin_amount", CNY)
    cost = shaping.line_cost(item, "origin_amount", price, quantity)
    # `modify_amount` is the seller's manual change of the price, negative for a reduction.
    discount = _promotion(item) - item.minor("modify_amount", CNY, signed=True)
    parts = item.objects("bundle_sku_info")
    whole = OrderLine(
        line_no=0 if parts else next(numbers),
        sku=shaping.sku(item, "code", "out_sku_id", theirs="sku_id"),
        quantity=quantity,
        unit_price=price,
        discount=discount,
        title=item.text("product_name", 300, cut=True),
        channel_line_id=shaping.reference(item, "order_id"),
        gift=item.text("given_product_type") == "FREE",
        properties=shaping.properties(item.objects("spec"), "name", "value"),
    )
    if not parts:
        yield whole
        return
    weights = [part.need_quantity("item_num") for part in parts]
    for part, weight, before, off in zip(parts, weights, cost.split(weights), discount.split(weights), strict=True):
        yield _part(next(numbers), whole, part, weight * quantity, before, off)


def _part(number: int, whole: OrderLine, part: Reader, quantity: int, before: Money, off: Money) -> OrderLine:
    if quantity > 100_000:
        raise part.wrong("item_num", "times the bundle's quantity is too many")
    price = shaping.unit_price(part, "item_num", before, quantity)
    return OrderLine(
        line_no=number,
        sku=shaping.sku(part, "code", theirs="sku_id"),
        quantity=quantity,
        unit_price=price,
        discount=price * quantity - before + off,
        title=part.text("product_name", 300, cut=True),
        channel_line_id=whole.channel_line_id,
        gift=whole.gift,
        bundle_of=whole.sku,
        properties=whole.properties,
    )


def _financial(order: Reader, items: list[Reader]) -> Financial:
    status, paid_at = order.whole("order_status"), order.seconds("pay_time")
    after_sales = [item.object("after_sale_info").whole("after_sale_status") for item in items]
    back = [item for item, state in zip(items, after_sales, strict=True) if state == REFUND_DONE]
    paid = STATUS.get(status, PaymentStatus.PAID if paid_at else PaymentStatus.PENDING)
    if back and paid is PaymentStatus.PAID:
        paid = PaymentStatus.PARTIALLY_REFUNDED
    return Financial(
        status=paid,
        refunded=total((item.minor("pay_amount", CNY) for item in back), CNY),
        tax_included=Money(0, CNY),
        paid_at=paid_at,
        refunded_units=tuple((item.text("order_id"), item.whole("item_num")) for item in back),
        refund_asked=any(state in REFUND_OPEN for state in after_sales),
        canceled=status in CANCELED,
        cash_on_delivery=order.text("pay_type") == "0",
    )


def _shipped(
    order: Reader, items: list[Reader], lines: list[OrderLine], modified_at: datetime
) -> tuple[ParcelElsewhere, ...]:
    """The parcels of `logistics_info`, or the sub-orders that say that they were shipped.

    Source: op.jinritemai.com, order.orderDetail (order_status 101, 3 and 5, logistics_info, product_info).
    """
    status = order.whole("order_status")
    if status not in (SHIPPED, PARTLY_SHIPPED, FINISHED):
        return ()
    ended = (order.seconds("finish_time") or modified_at) if status == FINISHED else None
    found = list[ParcelElsewhere]()
    for one in order.objects("logistics_info"):
        about = (
            *(one.seconds("ship_time") or modified_at, ended, shipped.carrier(one, "company_name", "company")),
            *(shipped.waybill(one, "tracking_no"), one.text("delivery_id")),
        )
        held = [(item.text("sku_order_id"), item.whole("product_count")) for item in one.objects("product_info")]
        if held:
            found += shipped.parcel(lines, held, *about)
        elif status != PARTLY_SHIPPED:
            found += shipped.whole(*about)
    if found:
        return tuple(found)
    if status != PARTLY_SHIPPED:
        return shipped.whole(modified_at, ended)
    gone = [item for item in items if item.whole("order_status") in (SHIPPED, FINISHED)]
    return shipped.parcel(lines, [(item.text("order_id"), shipped.ALL) for item in gone], modified_at)


def _address(order: Reader) -> Address:
    to = order.object("mask_post_addr")
    parts = {name: to.object(name).text("name") for name in ("province", "city", "town", "street")}
    return Address(
        country="CN",
        name=order.text("mask_post_receiver"),
        phone=shaping.phone(order, "mask_post_tel", "CN"),
        province=parts["province"],
        city=parts["city"],
        district=parts["town"],
        lines=tuple(line for line in (parts["street"], to.text("detail")) if line),
        receiver_token=order.text("open_address_id", 500),
    )
